// cuBLASLt, loaded when it is asked for: it is larger than all of Engram, and where there is PyTorch there is
// one already.

#include <cublasLt.h>
#include <dlfcn.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/gpu/device_array.h"
#include "bench/gpu/gemm_library.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;

// What is used of it, by the names and types of its header. CUDA 12 and 13 agree about all of them.
struct Functions {
  decltype(&cublasLtGetVersion) get_version = nullptr;
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtMatmulDescCreate) create_product = nullptr;
  decltype(&cublasLtMatmulDescDestroy) destroy_product = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) set_of_product = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) create_layout = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) destroy_layout = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) create_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) destroy_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) set_of_preference = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) find = nullptr;
  decltype(&cublasLtMatmul) multiply = nullptr;
};

template <typename Function>
absl::Status Find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr ? absl::OkStatus()
                              : absl::NotFoundError(absl::StrCat("cuBLASLt has no ", name));
}

absl::StatusOr<Functions> FindAll(void* library) {
  Functions f;
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtGetVersion", &f.get_version));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtCreate", &f.create));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtDestroy", &f.destroy));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatmulDescCreate", &f.create_product));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatmulDescDestroy", &f.destroy_product));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatmulDescSetAttribute", &f.set_of_product));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatrixLayoutCreate", &f.create_layout));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatrixLayoutDestroy", &f.destroy_layout));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatmulPreferenceCreate", &f.create_preference));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatmulPreferenceDestroy", &f.destroy_preference));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatmulPreferenceSetAttribute", &f.set_of_preference));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatmulAlgoGetHeuristic", &f.find));
  ENGRAM_RETURN_IF_ERROR(Find(library, "cublasLtMatmul", &f.multiply));
  return f;
}

absl::Status Check(cublasStatus_t status, const char* doing) {
  if (status == CUBLAS_STATUS_SUCCESS) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("cuBLASLt, ", doing, ": status ", static_cast<int>(status)));
}

// What describes products of one shape. The library's matrices go by columns, so that ours, which go by rows,
// are transposed there: codes [columns, rows], to be transposed once more, states [columns, states] as they
// are, products [rows, states]. It has int8 products in this form alone.
class Description {
 public:
  explicit Description(const Functions* functions) : functions_(functions) {}
  ~Description() {
    // Nothing is left to be done about what cannot be freed.
    if (product_ != nullptr) (void)functions_->destroy_product(product_);
    for (const cublasLtMatrixLayout_t layout : {codes_, states_, products_}) {
      if (layout != nullptr) (void)functions_->destroy_layout(layout);
    }
  }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  absl::Status Make(GemmShape shape) {
    ENGRAM_RETURN_IF_ERROR(
        Check(functions_->create_product(&product_, CUBLAS_COMPUTE_32I, CUDA_R_32I), "describing products"));
    const cublasOperation_t transposed = CUBLAS_OP_T;
    const cublasOperation_t as_it_is = CUBLAS_OP_N;
    ENGRAM_RETURN_IF_ERROR(Check(
        functions_->set_of_product(product_, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed)),
        "transposing"));
    ENGRAM_RETURN_IF_ERROR(
        Check(functions_->set_of_product(product_, CUBLASLT_MATMUL_DESC_TRANSB, &as_it_is, sizeof(as_it_is)),
              "not transposing"));
    const auto rows = static_cast<uint64_t>(shape.rows);
    const auto columns = static_cast<uint64_t>(shape.columns);
    const auto states = static_cast<uint64_t>(shape.states);
    ENGRAM_RETURN_IF_ERROR(
        Check(functions_->create_layout(&codes_, CUDA_R_8I, columns, rows, shape.columns), "codes"));
    ENGRAM_RETURN_IF_ERROR(
        Check(functions_->create_layout(&states_, CUDA_R_8I, columns, states, shape.columns), "states"));
    return Check(functions_->create_layout(&products_, CUDA_R_32I, rows, states, shape.rows), "products");
  }

  cublasLtMatmulDesc_t product() const { return product_; }
  cublasLtMatrixLayout_t codes() const { return codes_; }
  cublasLtMatrixLayout_t states() const { return states_; }
  cublasLtMatrixLayout_t products() const { return products_; }

 private:
  const Functions* const functions_;
  cublasLtMatmulDesc_t product_ = nullptr;
  cublasLtMatrixLayout_t codes_ = nullptr;
  cublasLtMatrixLayout_t states_ = nullptr;
  cublasLtMatrixLayout_t products_ = nullptr;
};

class CublasGemm : public Gemm {
 public:
  CublasGemm(const Functions* functions, cublasLtHandle_t handle, const DeviceArray* workspace,
             std::shared_ptr<const Description> description, const cublasLtMatmulAlgo_t& algorithm)
      : functions_(functions),
        handle_(handle),
        workspace_(workspace),
        description_(std::move(description)),
        algorithm_(algorithm) {}

  absl::Status Multiply(const int8_t* codes, const int8_t* states, int32_t* products,
                        cudaStream_t stream) override {
    const int32_t one = 1;
    const int32_t nothing = 0;
    return Check(
        functions_->multiply(handle_, description_->product(), &one, codes, description_->codes(), states,
                             description_->states(), &nothing, products, description_->products(), products,
                             description_->products(), &algorithm_, workspace_->as<void>(),
                             static_cast<size_t>(workspace_->size()), stream),
        "multiplying");
  }

 private:
  const Functions* const functions_;
  const cublasLtHandle_t handle_;
  const DeviceArray* const workspace_;
  const std::shared_ptr<const Description> description_;
  const cublasLtMatmulAlgo_t algorithm_;
};

class CublasLibrary : public GemmLibrary {
 public:
  CublasLibrary(Device* device, const Functions& functions) : functions_(functions), workspace_(device) {}
  ~CublasLibrary() override {
    if (handle_ != nullptr) (void)functions_.destroy(handle_);
  }
  CublasLibrary(const CublasLibrary&) = delete;
  CublasLibrary& operator=(const CublasLibrary&) = delete;

  absl::Status Begin() {
    ENGRAM_RETURN_IF_ERROR(workspace_.Take(kWorkspaceBytes));
    return Check(functions_.create(&handle_), "beginning");
  }

  std::string name() const override { return absl::StrCat("cuBLASLt ", functions_.get_version()); }

  absl::StatusOr<std::vector<std::unique_ptr<Gemm>>> FindWays(GemmShape shape, int most) override {
    constexpr int kMost = 16;
    auto description = std::make_shared<Description>(&functions_);
    ENGRAM_RETURN_IF_ERROR(description->Make(shape));
    cublasLtMatmulPreference_t preference = nullptr;
    ENGRAM_RETURN_IF_ERROR(Check(functions_.create_preference(&preference), "preferring"));
    const auto bytes = static_cast<uint64_t>(kWorkspaceBytes);
    std::array<cublasLtMatmulHeuristicResult_t, kMost> found = {};
    int count = 0;
    cublasStatus_t status = functions_.set_of_preference(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                         &bytes, sizeof(bytes));
    if (status == CUBLAS_STATUS_SUCCESS) {
      status = functions_.find(handle_, description->product(), description->codes(), description->states(),
                               description->products(), description->products(), preference,
                               std::min(most, kMost), found.data(), &count);
    }
    (void)functions_.destroy_preference(preference);
    ENGRAM_RETURN_IF_ERROR(Check(status, "finding ways"));
    std::vector<std::unique_ptr<Gemm>> ways;
    for (int i = 0; i < count; ++i) {
      if (found[i].state != CUBLAS_STATUS_SUCCESS) continue;
      ways.push_back(
          std::make_unique<CublasGemm>(&functions_, handle_, &workspace_, description, found[i].algo));
    }
    if (ways.empty()) return absl::UnimplementedError("cuBLASLt knows no way");
    return ways;
  }

 private:
  const Functions functions_;
  DeviceArray workspace_;
  cublasLtHandle_t handle_ = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GemmLibrary>> OpenGemmLibrary(Device* device, const std::string& path) {
  std::vector<std::string> paths = {path};
  // The oldest that an H200 knows, too: what is used of it has not changed since.
  if (path.empty()) paths = {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"};
  void* library = nullptr;
  std::string why;
  for (size_t i = 0; i < paths.size() && library == nullptr; ++i) {
    // Never closed: CUDA's libraries do not like to go.
    library = dlopen(paths[i].c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) why = absl::StrCat("cuBLASLt is not here: ", dlerror());
  }
  if (library == nullptr) return absl::NotFoundError(why);
  ENGRAM_ASSIGN_OR_RETURN(const Functions functions, FindAll(library));
  device->Use();
  auto made = std::make_unique<CublasLibrary>(device, functions);
  ENGRAM_RETURN_IF_ERROR(made->Begin());
  return made;
}

}  // namespace engram::bench
