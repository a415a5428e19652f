// engram_gpu_bench: what a GPU does at best, how near the kernels of a scan come to that, and what updates
// and retrievals over real banks take on it; with --gemm, whether a library's GEMM would do better.
// bench/gpu/run.sh runs it beside its peers.

#include <cuda_runtime_api.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/gpu/bank_bench.h"
#include "bench/gpu/ceilings.h"
#include "bench/gpu/gemm_bench.h"
#include "bench/gpu/gemm_library.h"
#include "bench/gpu/gpu_options.h"
#include "bench/gpu/scan_bench.h"
#include "bench/shape_text.h"
#include "core/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace engram::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kNoDevice = 77;

using Texts = std::vector<std::string>;

const Texts& AllScans() {
  static const auto* const shapes = new Texts{"10000x128",   "100000x128",   "100000x768",  "1000000x128",
                                              "1000000x768", "10000000x128", "10000000x768"};
  return *shapes;
}

// The largest take most of the time, which may run out.
const Texts& AllBanks() {
  static const auto* const shapes = new Texts{"10000x128",  "1000000x768",  "1000000x128", "100000x768",
                                              "100000x128", "10000000x768", "10000000x128"};
  return *shapes;
}

// So large that many states are worth tensor cores, and small enough to be there twice.
const Texts& AllGemms() {
  static const auto* const shapes = new Texts{"1000000x768", "1000000x128"};
  return *shapes;
}

struct Flags {
  Texts scans;  // Empty, as below: all, or what a smoke test needs.
  Texts banks;
  std::vector<int64_t> batches;
  int64_t rounds = 7;
  int device = 0;
  int threads = 0;
  double host_gib = 0;
  double seconds = 0;
  uint64_t seed = 1;
  std::string commit;
  std::string json;
  std::string cublaslt;
  bool gemm = false;
  bool smoke = false;
};

absl::StatusOr<std::vector<Shape>> ParseShapes(const Texts& texts) {
  std::vector<Shape> shapes;
  for (const std::string& text : texts) {
    ENGRAM_ASSIGN_OR_RETURN(const auto shape, ParseShapeText(text, 16));
    shapes.push_back({shape.first, shape.second});
  }
  return shapes;
}

absl::StatusOr<GpuOptions> ToOptions(const Flags& flags) {
  GpuOptions options;
  Texts scans = flags.smoke ? Texts{"96x20"} : AllScans();
  // Tiles that several parts cannot share evenly.
  if (flags.gemm) scans = flags.smoke ? Texts{"112x20"} : AllGemms();
  const Texts banks = flags.smoke ? Texts{"600x20"} : AllBanks();
  ENGRAM_ASSIGN_OR_RETURN(options.scans, ParseShapes(flags.scans.empty() ? scans : flags.scans));
  ENGRAM_ASSIGN_OR_RETURN(options.banks, ParseShapes(flags.banks.empty() ? banks : flags.banks));
  options.batches = flags.batches;
  if (options.batches.empty() && flags.gemm) {
    options.batches = flags.smoke ? std::vector<int64_t>{9, 24} : std::vector<int64_t>{64, 256, 1024};
  }
  if (options.batches.empty()) {
    options.batches = flags.smoke ? std::vector<int64_t>{1, 9} : std::vector<int64_t>{1, 8, 64, 256, 1024};
  }
  options.ceiling_bytes = int64_t{8} << 30;
  options.multiply_rounds = 1 << 14;
  options.rounds = flags.rounds;
  options.checked = 8;
  options.least_work = -1;
  options.device = flags.device;
  options.threads = flags.threads;
  options.host_bytes = static_cast<int64_t>(flags.host_gib * (int64_t{1} << 30));
  options.seed = flags.seed;
  if (flags.seconds > 0) options.end = absl::Now() + absl::Seconds(flags.seconds);
  if (flags.smoke) {
    options.ceiling_bytes = 1 << 14;
    options.multiply_rounds = 1;
    options.rounds = 1;
    options.checked = 9;
    options.least_work = 0;
    options.part_bytes = {3 << 10};
  }
  return options;
}

Json DescribeDevice(const Device& device) {
  int cache_bytes = 0;
  int clock_khz = 0;
  int driver = 0;
  int runtime = 0;
  int index = 0;
  // What is not known stays 0.
  (void)cudaGetDevice(&index);
  (void)cudaDeviceGetAttribute(&cache_bytes, cudaDevAttrL2CacheSize, index);
  (void)cudaDeviceGetAttribute(&clock_khz, static_cast<cudaDeviceAttr>(13), index);  // cudaDevAttrClockRate
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  (void)cudaGetLastError();
  return {{"name", device.name()},
          {"multiprocessors", device.multiprocessors()},
          {"memory_bytes", device.memory_bytes()},
          {"free_bytes", device.free_bytes()},
          {"cache_bytes", cache_bytes},
          {"clock_mhz", clock_khz / 1000},
          {"driver_cuda_version", driver},
          {"runtime_cuda_version", runtime}};
}

std::string Rate(double per_second, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.3g T%s/s", per_second * 1e-12, unit);
  return text;
}

void PrintScans(const Json& scans) {
  for (const Json& cell : scans) {
    const std::string shape =
        absl::StrCat(cell["patterns"].get<int64_t>(), " x ", cell["dim"].get<int64_t>());
    if (cell.contains("skipped")) {
      std::printf("%-16s %5d  skipped: %s\n", shape.c_str(), cell["states"].get<int>(),
                  cell["skipped"].get<std::string>().c_str());
      continue;
    }
    std::printf("%-16s %5d %10.4f %10.3f %10.1f %10.4f %6.2f %6.2f %6.2f %10.4f\n", shape.c_str(),
                cell["states"].get<int>(), cell["milliseconds"].get<double>(),
                cell["bytes"].get<double>() * 1e-9, cell["operations"].get<double>() * 1e-9,
                cell["floor_milliseconds"].get<double>(), cell["of_plain_read"].get<double>(),
                cell["of_read_ceiling"].get<double>(), cell["of_multiply_ceiling"].get<double>(),
                cell["lowers_milliseconds"].get<double>());
  }
  std::fflush(stdout);
}

void PrintBank(const Json& bank) {
  const std::string shape = absl::StrCat(bank["patterns"].get<int64_t>(), " x ", bank["dim"].get<int64_t>());
  if (bank.contains("skipped")) {
    std::printf("%-16s skipped: %s\n", shape.c_str(), bank["skipped"].get<std::string>().c_str());
    return;
  }
  for (const Json& cell : bank["updates"]) {
    if (cell.contains("skipped")) {
      std::printf("%-16s %5d  skipped: %s\n", shape.c_str(), cell["states"].get<int>(),
                  cell["skipped"].get<std::string>().c_str());
      continue;
    }
    std::printf("%-16s %5d %10.3f %10.3f %10.3f %10.1f   %d of %d differ%s\n", shape.c_str(),
                cell["states"].get<int>(), cell["milliseconds"]["p50"].get<double>(),
                cell["milliseconds"]["p90"].get<double>(), cell["sweep_milliseconds"]["p50"].get<double>(),
                cell["survivors_of_a_state"].get<double>(), cell["against_cpu"]["differing"].get<int>(),
                cell["against_cpu"]["checked"].get<int>(),
                cell["on_device"].get<bool>() ? "" : "; not all on the device");
  }
  for (const Json& cell : bank["streams"]) {
    const Json& compared = cell["against_cpu"];
    std::printf(
        "%-16s %5d softmax, FAST %10.3f ms; %d of %d too far from the CPU's, at most %.2g of %.2g%s\n",
        shape.c_str(), cell["states"].get<int>(), cell["milliseconds"]["p50"].get<double>(),
        compared["differing"].get<int>(), compared["checked"].get<int>(),
        compared["largest_difference"].get<double>(), compared["largest_bound"].get<double>(),
        cell["on_device"].get<bool>() ? "" : "; not on the device");
  }
  for (const Json& cell : bank["retrievals"]) {
    std::printf("%-16s %5d queries: one step %.3f ms, %d steps %.3f ms (sweeps: %d)\n", shape.c_str(),
                cell["queries"].get<int>(), cell["one_step_milliseconds"]["p50"].get<double>(),
                cell["steps"].get<int>(), cell["all_steps_milliseconds"]["p50"].get<double>(),
                cell["sweeps"].get<int>());
  }
  std::fflush(stdout);
}

// Whether no answer differs from the CPU's, or by more than both may err.
bool IsRight(const Json& banks) {
  for (const Json& bank : banks) {
    if (!bank.contains("updates")) continue;
    for (const char* const kind : {"updates", "streams"}) {
      for (const Json& cell : bank[kind]) {
        if (cell.contains("against_cpu") && cell["against_cpu"]["differing"] != 0) return false;
      }
    }
  }
  return true;
}

void PrintGemms(const Json& cells) {
  for (const Json& cell : cells) {
    const std::string shape =
        absl::StrCat(cell["patterns"].get<int64_t>(), " x ", cell["dim"].get<int64_t>());
    const int states = cell["states"].get<int>();
    if (cell.contains("skipped")) {
      std::printf("%-16s %5d  skipped: %s\n", shape.c_str(), states,
                  cell["skipped"].get<std::string>().c_str());
      continue;
    }
    std::printf("%-16s %5d %10.4f %10.4f %8.2f %10d %10.2g%s\n", shape.c_str(), states,
                cell["fused_milliseconds"].get<double>(), cell["gemm_milliseconds"].get<double>(),
                cell["fused_speed_of_gemm"].get<double>(), cell["part_rows"].get<int>(),
                cell["largest_difference"].get<double>(),
                cell["bounds_are_the_same"].get<bool>() ? "" : "  WRONG");
  }
  std::fflush(stdout);
}

bool Save(const Flags& flags, const Json& json) {
  if (flags.json.empty()) return true;
  std::ofstream file(flags.json);
  file << json.dump(1) << '\n';
  return static_cast<bool>(file.flush());
}

// Scans beside a library's products, which lies elsewhere or not at all.
absl::Status MeasureGemm(const Flags& flags, const GpuOptions& options, Device* device, Json* json) {
  (*json)["cells"] = Json::array();
  const absl::StatusOr<std::unique_ptr<GemmLibrary>> library = OpenGemmLibrary(device, flags.cublaslt);
  if (absl::IsNotFound(library.status()) || absl::IsUnimplemented(library.status())) {
    (*json)["skipped"] = std::string(library.status().message());
    std::printf("No GEMM to compare with: %s\n", std::string(library.status().message()).c_str());
    return absl::OkStatus();
  }
  ENGRAM_RETURN_IF_ERROR(library.status());
  (*json)["library"] = (*library)->name();
  std::printf(
      "Scans beside %s and a filter: its fastest way; parts of so many rows.\n"
      "%-16s %5s %10s %10s %8s %10s %10s\n",
      (*library)->name().c_str(), "N x D", "B", "fused ms", "GEMM ms", "speed", "rows", "difference");
  bool are_same = true;
  for (const Shape& shape : options.scans) {
    ENGRAM_ASSIGN_OR_RETURN(const Json cells, MeasureGemms(device, library->get(), shape, options));
    PrintGemms(cells);
    for (const Json& cell : cells) {
      are_same = are_same && cell.value("bounds_are_the_same", true);
      (*json)["cells"].push_back(cell);
    }
    (void)Save(flags, *json);
  }
  return are_same ? absl::OkStatus() : absl::DataLossError("bounds of a GEMM differ from those of the scan");
}

// Fills `json`, and saves it as it goes, so that whatever ends this leaves what was measured before.
absl::Status Measure(const Flags& flags, Json* json) {
  ENGRAM_ASSIGN_OR_RETURN(const GpuOptions options, ToOptions(flags));
  ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<Device> device, Device::Open(options.device));
  device->Use();
  *json = {{"commit", flags.commit}, {"device", DescribeDevice(*device)}};
  std::printf("%s, %d multiprocessors, %.1f GiB\n", device->name().c_str(), device->multiprocessors(),
              static_cast<double>(device->memory_bytes()) / (int64_t{1} << 30));
  if (flags.gemm) return MeasureGemm(flags, options, device.get(), json);

  ENGRAM_ASSIGN_OR_RETURN(const Ceilings ceilings, MeasureCeilings(device.get(), options));
  (*json)["ceilings"] = {{"bytes", ceilings.read_bytes},
                         {"read_bytes_per_second", ceilings.read_per_second},
                         {"copied_bytes_per_second", ceilings.copied_per_second},
                         {"int8_operations_per_second", ceilings.multiplied_per_second}};
  std::printf("ceilings: read %s, copy (read and written) %s, int8 products %s\n\n",
              Rate(ceilings.read_per_second, "B").c_str(), Rate(ceilings.copied_per_second, "B").c_str(),
              Rate(ceilings.multiplied_per_second, "op").c_str());

  std::printf(
      "Scans alone. GB and Gop are counted; floor: the larger of both over their ceilings; shares: of a\n"
      "plain read in the same rounds, of the read ceiling, of the int8 ceiling; then the lower bounds.\n"
      "%-16s %5s %10s %10s %10s %10s %6s %6s %6s %10s\n",
      "N x D", "B", "ms", "GB", "Gop", "floor ms", "plain", "read", "int8", "lowers ms");
  (*json)["scans"] = Json::array();
  for (const Shape& shape : options.scans) {
    ENGRAM_ASSIGN_OR_RETURN(const Json scans, MeasureScans(device.get(), shape, ceilings, options));
    PrintScans(scans);
    for (const Json& cell : scans) (*json)["scans"].push_back(cell);
    (void)Save(flags, *json);  // The last time tells.
  }

  std::printf(
      "\nUpdates by entmax, alpha = 1.5, over real banks; answers compared with the CPU backend's.\n"
      "%-16s %5s %10s %10s %10s %10s\n",
      "N x D", "B", "p50 ms", "p90 ms", "sweep ms", "survivors");
  const int threads =
      options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  ThreadPool pool(std::max(threads - 1, 0));
  (*json)["threads"] = std::max(threads, 1);
  (*json)["banks"] = Json::array();
  for (const Shape& shape : options.banks) {
    ENGRAM_ASSIGN_OR_RETURN(const Json bank, MeasureBank(shape, options, &pool));
    PrintBank(bank);
    (*json)["banks"].push_back(bank);
    (void)Save(flags, *json);
  }
  return IsRight((*json)["banks"]) ? absl::OkStatus()
                                   : absl::DataLossError("an answer differs from the CPU backend's");
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("What a GPU does at best, and what Engram makes of it.");
  app.add_option("--scans", flags.scans, "Shapes NxD of codes made on the device")->delimiter(',');
  app.add_option("--banks", flags.banks, "Shapes NxD of real banks")->delimiter(',');
  app.add_option("--batches", flags.batches, "Numbers of states of one sweep")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 16));
  app.add_option("--rounds", flags.rounds, "How often each figure is measured")->check(CLI::Range(1, 1000));
  app.add_option("--device", flags.device, "The number of the device")->check(CLI::NonNegativeNumber);
  app.add_option("--threads", flags.threads, "Threads of the host; 0: all")->check(CLI::NonNegativeNumber);
  app.add_option("--host-gib", flags.host_gib, "Memory of the host for a bank; 0: what is free")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", flags.seconds, "Begin nothing later than that; 0: no limit")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seed", flags.seed, "Seed of the data");
  app.add_option("--commit", flags.commit, "What was built, for the report");
  app.add_option("--json", flags.json, "File for every figure");
  app.add_flag("--gemm", flags.gemm, "Only scans of --scans beside cuBLASLt and a filter");
  app.add_option("--cublaslt", flags.cublaslt, "The file of cuBLASLt; by default the loader looks for it");
  app.add_flag("--smoke", flags.smoke, "One round, of shapes so small that the figures mean nothing");
  CLI11_PARSE(app, argc, argv);

  Json json;
  const absl::Status status = Measure(flags, &json);
  if (!status.ok()) {
    std::fprintf(stderr, "engram_gpu_bench: %s\n", status.ToString().c_str());
    json["error"] = status.ToString();
  }
  if (!Save(flags, json)) {
    std::fprintf(stderr, "engram_gpu_bench: cannot write '%s'\n", flags.json.c_str());
    return 1;
  }
  if (absl::IsNotFound(status)) return kNoDevice;
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) { return engram::bench::Main(argc, argv); }
