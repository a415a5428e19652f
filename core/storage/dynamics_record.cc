#include "core/storage/dynamics_record.h"

#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// What the kinds are called on disk, whatever their order in the lists. Numbers never come back.
enum class TransformTag : uint8_t {
  kSoftmax = 1,
  kEntmax = 2,
  kNormmax = 3,
  kKSubsets = 4,
  kSequentialKSubsets = 5,
  kConstrainedSparsemax = 6,
  kIdentity = 7,
  kPolynomial = 8,
  kExponential = 9,
};
static_assert(std::variant_size_v<Transform> == 9, "a new transformation needs a tag, a writer and a reader");

enum class PostTransformTag : uint8_t {
  kIdentity = 1,
  kL2Normalize = 2,
  kLayerNorm = 3,
  kTanh = 4,
  kSign = 5,
};
static_assert(std::variant_size_v<PostTransform> == 5, "a new post-transformation needs a tag and both ways");

// Writes the alternative that a variant holds; one overload for each.
class AlternativeWriter {
 public:
  explicit AlternativeWriter(ByteWriter* record) : record_(record) {}

  void operator()(const Softmax&) { Tag(TransformTag::kSoftmax); }
  void operator()(const Entmax& entmax) {
    Tag(TransformTag::kEntmax);
    record_->F64(entmax.alpha());
  }
  void operator()(const Normmax& normmax) {
    Tag(TransformTag::kNormmax);
    record_->F64(normmax.gamma());
  }
  void operator()(const KSubsets& subsets) {
    Tag(TransformTag::kKSubsets);
    record_->I64(subsets.k());
  }
  void operator()(const SequentialKSubsets& subsets) {
    Tag(TransformTag::kSequentialKSubsets);
    record_->I64(subsets.k());
    record_->F64(subsets.edge());
  }
  void operator()(const ConstrainedSparsemax& sparsemax) {
    Tag(TransformTag::kConstrainedSparsemax);
    record_->U32(static_cast<uint32_t>(sparsemax.upper_bounds().size()));
    for (const double bound : sparsemax.upper_bounds()) record_->F64(bound);
  }
  void operator()(const Identity&) { Tag(TransformTag::kIdentity); }
  void operator()(const Polynomial& polynomial) {
    Tag(TransformTag::kPolynomial);
    record_->U32(static_cast<uint32_t>(polynomial.degree()));
    record_->U8(polynomial.rectified() ? 1 : 0);
  }
  void operator()(const Exponential&) { Tag(TransformTag::kExponential); }

  void operator()(const IdentityPost&) { Tag(PostTransformTag::kIdentity); }
  void operator()(const L2Normalize&) { Tag(PostTransformTag::kL2Normalize); }
  void operator()(const LayerNorm& layer_norm) {
    Tag(PostTransformTag::kLayerNorm);
    record_->F64(layer_norm.eps());
  }
  void operator()(const Tanh&) { Tag(PostTransformTag::kTanh); }
  void operator()(const Sign&) { Tag(PostTransformTag::kSign); }

 private:
  template <typename T>
  void Tag(T tag) {
    record_->U8(static_cast<uint8_t>(tag));
  }

  ByteWriter* record_;
};

template <typename Variant, typename T>
absl::StatusOr<Variant> Made(absl::StatusOr<T> made) {
  if (!made.ok()) return absl::DataLossError(made.status().message());
  return Variant(*std::move(made));
}

absl::Status Unknown(absl::string_view what, int tag) {
  return absl::DataLossError(
      absl::StrCat(what, ": tag ", tag, " is unknown; it is damaged or a newer Engram wrote it"));
}

absl::StatusOr<Transform> ReadConstrainedSparsemax(ByteReader* record) {
  const uint32_t count = record->U32();
  // Before memory is asked for.
  if (count > record->left().size() / sizeof(double)) return absl::DataLossError("upper_bounds: cut short");
  std::vector<double> upper_bounds(count);
  for (double& bound : upper_bounds) bound = record->F64();
  return Made<Transform>(ConstrainedSparsemax::Make(std::move(upper_bounds)));
}

absl::StatusOr<Transform> ReadTransform(ByteReader* record) {
  const uint8_t tag = record->U8();
  switch (static_cast<TransformTag>(tag)) {
    case TransformTag::kSoftmax:
      return Softmax();
    case TransformTag::kEntmax:
      return Made<Transform>(Entmax::Make(record->F64()));
    case TransformTag::kNormmax:
      return Made<Transform>(Normmax::Make(record->F64()));
    case TransformTag::kKSubsets:
      return Made<Transform>(KSubsets::Make(record->I64()));
    case TransformTag::kSequentialKSubsets: {
      const int64_t k = record->I64();
      return Made<Transform>(SequentialKSubsets::Make(k, record->F64()));
    }
    case TransformTag::kConstrainedSparsemax:
      return ReadConstrainedSparsemax(record);
    case TransformTag::kIdentity:
      return Identity();
    case TransformTag::kPolynomial: {
      const uint32_t degree = record->U32();
      const uint8_t rectified = record->U8();
      if (degree > 1'000'000 || rectified > 1) return absl::DataLossError("polynomial: out of range");
      return Made<Transform>(Polynomial::Make(static_cast<int>(degree), rectified == 1));
    }
    case TransformTag::kExponential:
      return Exponential();
  }
  return Unknown("transformation", tag);
}

absl::StatusOr<PostTransform> ReadPostTransform(ByteReader* record) {
  const uint8_t tag = record->U8();
  switch (static_cast<PostTransformTag>(tag)) {
    case PostTransformTag::kIdentity:
      return IdentityPost();
    case PostTransformTag::kL2Normalize:
      return L2Normalize();
    case PostTransformTag::kLayerNorm:
      return Made<PostTransform>(LayerNorm::Make(record->F64()));
    case PostTransformTag::kTanh:
      return Tanh();
    case PostTransformTag::kSign:
      return Sign();
  }
  return Unknown("post-transformation", tag);
}

}  // namespace

void WriteDynamics(const Dynamics& dynamics, ByteWriter* record) {
  record->F64(dynamics.beta);
  record->U32(static_cast<uint32_t>(dynamics.max_iterations));
  record->F64(dynamics.tolerance);
  std::visit(AlternativeWriter(record), dynamics.transform);
  std::visit(AlternativeWriter(record), dynamics.post_transform);
}

absl::StatusOr<Dynamics> ReadDynamics(ByteReader* record) {
  Dynamics dynamics;
  dynamics.beta = record->F64();
  const uint32_t max_iterations = record->U32();
  dynamics.tolerance = record->F64();
  ENGRAM_ASSIGN_OR_RETURN(dynamics.transform, ReadTransform(record));
  ENGRAM_ASSIGN_OR_RETURN(dynamics.post_transform, ReadPostTransform(record));
  // Written so that NaN fails.
  const bool in_range = dynamics.beta >= 1e-30 && dynamics.beta <= 1e30 && max_iterations >= 1 &&
                        max_iterations <= 10'000 && dynamics.tolerance >= 0 && dynamics.tolerance <= 1;
  if (!record->ok() || !in_range) return absl::DataLossError("dynamics: cut short or out of range");
  dynamics.max_iterations = static_cast<int>(max_iterations);
  return dynamics;
}

}  // namespace engram
