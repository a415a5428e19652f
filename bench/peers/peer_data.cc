#include "bench/peers/peer_data.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <type_traits>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

// Rows of one Store.
constexpr int64_t kStoreRows = 65'536;

// Sets how the rows of a bank are screened, where banks can be told; returns whether they can.
template <typename Settings>
auto SetScreening(ScreenedBy screened_by, Settings* settings, int)
    -> decltype(settings->screening, std::true_type()) {
  using Screening = decltype(settings->screening);
  settings->screening = screened_by == ScreenedBy::kInt8 ? Screening::kInt8 : Screening::kNone;
  return {};
}
template <typename Settings>
std::false_type SetScreening(ScreenedBy, Settings*, ...) {
  return {};
}

absl::StatusOr<std::vector<float>> ReadFloats(const std::string& path, int64_t count) {
  std::vector<float> floats(count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(floats.data()), static_cast<std::streamsize>(count * sizeof(float)));
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot read ", count, " floats"));
  return floats;
}

}  // namespace

const bool kHasCodes = decltype(SetScreening(ScreenedBy::kInt8, std::declval<BankSettings*>(), 0))::value;

absl::StatusOr<std::unique_ptr<PeerData>> PeerData::Load(const std::string& patterns_path,
                                                         int64_t pattern_count,
                                                         const std::string& queries_path, int64_t query_count,
                                                         int64_t dim) {
  if (pattern_count < 1 || query_count < 1 || dim < 1) {
    return absl::InvalidArgumentError("patterns, queries and dim: allowed 1 or more");
  }
  auto data = absl::WrapUnique(new PeerData());
  data->pattern_count_ = pattern_count;
  data->query_count_ = query_count;
  data->dim_ = dim;
  ENGRAM_ASSIGN_OR_RETURN(data->patterns_, ReadFloats(patterns_path, pattern_count * dim));
  ENGRAM_ASSIGN_OR_RETURN(data->queries_, ReadFloats(queries_path, query_count * dim));
  data->queries_in_double_.assign(data->queries_.begin(), data->queries_.end());
  return data;
}

absl::Span<const float> PeerData::query(int64_t m) const {
  return absl::MakeConstSpan(queries_).subspan((m % query_count_) * dim_, dim_);
}

absl::Span<const double> PeerData::query_in_double(int64_t m) const {
  return absl::MakeConstSpan(queries_in_double_).subspan((m % query_count_) * dim_, dim_);
}

absl::StatusOr<BankSnapshot> PeerData::Bank(ScreenedBy screened_by) {
  std::vector<BankSnapshot>& whole = whole_[static_cast<int>(screened_by)];
  if (whole.empty()) {
    ENGRAM_ASSIGN_OR_RETURN(BankSnapshot bank, MakeBank(screened_by, 0, pattern_count_));
    whole.push_back(std::move(bank));
  }
  return whole.front();
}

absl::StatusOr<BankSnapshot> PeerData::MakeBank(ScreenedBy screened_by, int64_t begin, int64_t count) {
  BankSettings settings;
  settings.name = "peers";
  settings.dim = dim_;
  SetScreening(screened_by, &settings, 0);
  ENGRAM_ASSIGN_OR_RETURN(const std::shared_ptr<MemoryBank> bank,
                          MemoryBank::Make(1, std::move(settings), &budget_, &journal_));
  for (int64_t row = 0; row < count; row += kStoreRows) {
    const int64_t rows = std::min(kStoreRows, count - row);
    std::vector<uint64_t> ids(rows);
    std::iota(ids.begin(), ids.end(), static_cast<uint64_t>(row));
    const MatrixView<const float> patterns(patterns_.data() + (begin + row) * dim_, rows, dim_);
    ENGRAM_RETURN_IF_ERROR(bank->Store({ids, patterns, {}, {}}).status());
  }
  return bank->Pin();
}

}  // namespace engram::bench
