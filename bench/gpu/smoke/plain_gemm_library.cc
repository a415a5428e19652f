// Products on the host, for tests: what lies on CUDA's double lies in this process.

#include "bench/gpu/gemm_library.h"

namespace engram::bench {
namespace {

class PlainGemm : public Gemm {
 public:
  explicit PlainGemm(GemmShape shape) : shape_(shape) {}

  absl::Status Multiply(const int8_t* codes, const int8_t* states, int32_t* products,
                        cudaStream_t /*stream*/) override {
    for (int64_t b = 0; b < shape_.states; ++b) {
      for (int64_t i = 0; i < shape_.rows; ++i) {
        int32_t sum = 0;
        for (int64_t j = 0; j < shape_.columns; ++j) {
          sum += int32_t{codes[i * shape_.columns + j]} * int32_t{states[b * shape_.columns + j]};
        }
        products[b * shape_.rows + i] = sum;
      }
    }
    return absl::OkStatus();
  }

 private:
  const GemmShape shape_;
};

class PlainGemmLibrary : public GemmLibrary {
 public:
  std::string name() const override { return "plain loops"; }
  absl::StatusOr<std::vector<std::unique_ptr<Gemm>>> FindWays(GemmShape shape, int most) override {
    std::vector<std::unique_ptr<Gemm>> ways;
    for (int i = 0; i < 2 && i < most; ++i) ways.push_back(std::make_unique<PlainGemm>(shape));
    return ways;
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<GemmLibrary>> OpenGemmLibrary(Device* /*device*/,
                                                             const std::string& /*path*/) {
  return std::make_unique<PlainGemmLibrary>();
}

}  // namespace engram::bench
