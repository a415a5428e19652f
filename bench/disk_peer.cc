#include "bench/disk_peer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rocksdb/db.h"

namespace engram::bench {

absl::StatusOr<absl::Duration> WriteAndSync(const std::string& folder, int64_t bytes) {
  const std::string path = folder + "/raw";
  const std::vector<char> piece(size_t{1} << 20, 'x');
  const absl::Time begin = absl::Now();
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  bool ok = file >= 0;
  for (int64_t done = 0; ok && done < bytes;) {
    const auto size = static_cast<size_t>(std::min<int64_t>(bytes - done, int64_t{1} << 20));
    ok = ::write(file, piece.data(), size) == static_cast<ssize_t>(size);
    done += static_cast<int64_t>(size);
  }
  ok = ok && ::fdatasync(file) == 0;
  const absl::Duration taken = absl::Now() - begin;
  if (file >= 0) ::close(file);
  ::unlink(path.c_str());
  if (!ok) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return taken;
}

absl::StatusOr<double> SyncedPutsPerSecond(const std::string& folder, int writers, int64_t record_bytes,
                                           absl::Duration duration) {
  const std::string path = folder + "/rocksdb";
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options, path, &opened);
  std::unique_ptr<rocksdb::DB> db(opened);
  if (!status.ok()) return absl::UnavailableError(status.ToString());
  const std::string record(record_bytes, 'x');
  const absl::Time begin = absl::Now();
  std::atomic<int64_t> puts = 0;
  std::atomic<bool> failed = false;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      rocksdb::WriteOptions synced;
      synced.sync = true;
      for (int64_t i = 0; absl::Now() < begin + duration && !failed; ++i) {
        if (!db->Put(synced, absl::StrCat(writer, "/", i), record).ok()) failed = true;
        ++puts;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double rate = static_cast<double>(puts) / absl::ToDoubleSeconds(absl::Now() - begin);
  db.reset();
  status = rocksdb::DestroyDB(path, options);
  if (failed || !status.ok()) return absl::UnavailableError(absl::StrCat("RocksDB cannot write ", path));
  return rate;
}

}  // namespace engram::bench
