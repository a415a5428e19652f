#include "core/storage/folder.h"

#include <algorithm>
#include <memory>

namespace engram {

std::string ParentFolder(const std::string& path) {
  const std::string trimmed = path.substr(0, path.find_last_not_of('/') + 1);
  const size_t slash = trimmed.find_last_of('/');
  return slash == std::string::npos ? "." : trimmed.substr(0, std::max<size_t>(slash, 1));
}

rocksdb::IOStatus SyncFolder(rocksdb::FileSystem* files, const std::string& path) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  const rocksdb::IOStatus opened = files->NewDirectory(path, {}, &directory, nullptr);
  return opened.ok() ? directory->Fsync({}, nullptr) : opened;
}

rocksdb::IOStatus MakeFolder(rocksdb::FileSystem* files, const std::string& path) {
  if (files->FileExists(path, {}, nullptr).ok()) return rocksdb::IOStatus::OK();
  const rocksdb::IOStatus made = files->CreateDirIfMissing(path, {}, nullptr);
  return made.ok() ? SyncFolder(files, ParentFolder(path)) : made;
}

rocksdb::IOStatus ListFolder(rocksdb::FileSystem* files, const std::string& path,
                             std::vector<std::string>* names) {
  const rocksdb::IOStatus listed = files->GetChildren(path, {}, names, nullptr);
  const auto is_dots = [](const std::string& name) { return name == "." || name == ".."; };
  names->erase(std::remove_if(names->begin(), names->end(), is_dots), names->end());
  return listed;
}

rocksdb::IOStatus RemoveFolder(rocksdb::FileSystem* files, const std::string& path) {
  if (!files->FileExists(path, {}, nullptr).ok()) return rocksdb::IOStatus::OK();
  std::vector<std::string> names;
  rocksdb::IOStatus status = ListFolder(files, path, &names);
  for (const std::string& name : names) {
    if (status.ok()) status = RemoveAny(files, path + "/" + name);
  }
  return status.ok() ? files->DeleteDir(path, {}, nullptr) : status;
}

rocksdb::IOStatus RemoveAny(rocksdb::FileSystem* files, const std::string& path) {
  // First, because IsDirectory follows links.
  const rocksdb::IOStatus deleted = files->DeleteFile(path, {}, nullptr);
  if (deleted.ok()) return deleted;
  bool is_folder = false;
  files->IsDirectory(path, {}, &is_folder, nullptr).PermitUncheckedError();
  return is_folder ? RemoveFolder(files, path) : deleted;
}

}  // namespace engram
