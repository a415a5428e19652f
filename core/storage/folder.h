#ifndef ENGRAM_CORE_STORAGE_FOLDER_H_
#define ENGRAM_CORE_STORAGE_FOLDER_H_

#include <string>
#include <vector>

#include "rocksdb/file_system.h"

namespace engram {

// The folder that a path lies in.
std::string ParentFolder(const std::string& path);

// Makes durable which names a folder has.
rocksdb::IOStatus SyncFolder(rocksdb::FileSystem* files, const std::string& path);

// Makes a folder if there is none, durably.
rocksdb::IOStatus MakeFolder(rocksdb::FileSystem* files, const std::string& path);

// The names in a folder.
rocksdb::IOStatus ListFolder(rocksdb::FileSystem* files, const std::string& path,
                             std::vector<std::string>* names);

// Removes a folder with all that is in it; no harm if there is none.
rocksdb::IOStatus RemoveFolder(rocksdb::FileSystem* files, const std::string& path);
// Removes a file, a link, not what it points to, or a folder with all that is in it.
rocksdb::IOStatus RemoveAny(rocksdb::FileSystem* files, const std::string& path);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_FOLDER_H_
