#ifndef ENGRAM_CLIENT_BULK_STORE_H_
#define ENGRAM_CLIENT_BULK_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engram/retry.h"

namespace engram {

// How Client::BulkStore stores.
struct BulkStoreOptions {
  // Name of the bank.
  std::string bank;
  // True: nothing is visible until all rows are stored. False: chunks become visible as they are
  // acknowledged.
  bool atomic = false;
  // Chunks of at most 1 MiB that are sent ahead of their acknowledgement and held in memory until then, at
  // least 1. More hide a longer way to the server.
  int chunks_ahead = 8;
  // Tries after the server became UNAVAILABLE, or busy for a while; an acknowledged chunk is progress.
  RetryOptions retry;
};

// What Client::BulkStore stored.
struct BulkStored {
  // Number of rows.
  int64_t row_count = 0;
  // Their ids, in order. Empty in one case: the server assigned them, and the connection broke off between a
  // chunk's being stored and its acknowledgement, so that some of them never arrived.
  std::vector<uint64_t> ids;
  // The bank's version that has all rows.
  int64_t version = 0;
};

}  // namespace engram

#endif  // ENGRAM_CLIENT_BULK_STORE_H_
