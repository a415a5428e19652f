#ifndef ENGRAM_TESTS_CORE_STORAGE_STAMPED_ROWS_H_
#define ENGRAM_TESTS_CORE_STORAGE_STAMPED_ROWS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/storage/rocks_journal.h"

namespace engram {

// What a test knows of a bank: which stamp each pattern has. A stamp and an id say all of a row.
using Stamps = std::map<uint64_t, uint32_t>;

inline BankSettings StampedSettings(const std::string& name, Durability durability = Durability::kSynced,
                                    int64_t dim = 6) {
  BankSettings settings;
  settings.name = name;
  settings.dim = dim;
  settings.value_dim = 2;
  settings.durability = durability;
  settings.create_time = absl::FromUnixSeconds(1'700'000'000);
  return settings;
}

inline float StampedComponent(uint64_t id, uint32_t stamp, int64_t j) {
  uint64_t z = id * 0x9e3779b97f4a7c15 + stamp * 0xbf58476d1ce4e5b9 + static_cast<uint64_t>(j);
  z = (z ^ (z >> 30)) * 0x94d049bb133111eb;
  return static_cast<float>(z >> 40) / (1 << 20);
}
inline std::string StampedPayload(uint64_t id, uint32_t stamp) { return absl::StrCat(id, ":", stamp); }

// Of an operation that nobody watches.
inline ProgressVisitor NoProgress() {
  return [](int64_t, int64_t) { return absl::OkStatus(); };
}

// Rows of a stamp, and themselves as the journal takes them.
class StampedRows {
 public:
  StampedRows(const BankSettings& settings, std::vector<uint64_t> ids, uint32_t stamp)
      : ids_(std::move(ids)), dim_(settings.dim), value_dim_(settings.value_dim) {
    for (const uint64_t id : ids_) {
      for (int64_t j = 0; j < dim_; ++j) patterns_.push_back(StampedComponent(id, stamp, j));
      for (int64_t j = 0; j < value_dim_; ++j) values_.push_back(StampedComponent(id, stamp, -1 - j));
      payloads_.push_back(StampedPayload(id, stamp));
    }
  }
  PatternRows rows() const {
    const auto count = static_cast<int64_t>(ids_.size());
    return {ids_, {patterns_.data(), count, dim_}, {values_.data(), count, value_dim_}, payloads_};
  }

 private:
  std::vector<uint64_t> ids_;
  int64_t dim_;
  int64_t value_dim_;
  std::vector<float> patterns_;
  std::vector<float> values_;
  std::vector<std::string> payloads_;
};

// The stamps of a bank on disk, of a journal or a snapshot. DATA_LOSS: as ReadPatterns. INTERNAL: a row is
// not that of its stamp, or out of order.
template <typename Banks>
absl::StatusOr<Stamps> ReadStamps(const Banks& banks, int64_t bank_id, const BankSettings& settings) {
  Stamps stamps;
  const absl::Status status = banks.ReadPatterns(bank_id, settings, [&](const PatternRows& rows) {
    for (size_t i = 0; i < rows.ids.size(); ++i) {
      const uint64_t id = rows.ids[i];
      const std::string& payload = rows.payloads[i];
      const auto stamp = static_cast<uint32_t>(std::atoll(payload.substr(payload.find(':') + 1).c_str()));
      bool same = payload == StampedPayload(id, stamp) && (stamps.empty() || stamps.rbegin()->first < id);
      const auto row = static_cast<int64_t>(i);
      for (int64_t j = 0; j < settings.dim; ++j) {
        same = same && rows.patterns.row(row)[j] == StampedComponent(id, stamp, j);
      }
      for (int64_t j = 0; j < settings.value_dim; ++j) {
        same = same && rows.values.row(row)[j] == StampedComponent(id, stamp, -1 - j);
      }
      if (!same) return absl::InternalError(absl::StrCat("pattern ", id, " is wrong: payload ", payload));
      stamps[id] = stamp;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return stamps;
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_STORAGE_STAMPED_ROWS_H_
