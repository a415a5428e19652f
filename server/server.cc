#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/bank/memory_banks.h"
#include "core/base/canonical.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/engine.h"
#include "core/storage/rocks_journal.h"
#include "core/sweep/cpu/screen_kernels.h"
#include "core/sweep/sweeper_list.h"
#include "server/associative_memory_service.h"
#include "server/bank_startup.h"
#include "server/device_watch.h"
#include "server/fill_response.h"
#include "server/log.h"
#include "server/log_storage.h"
#include "server/losable_device.h"
#include "server/machine.h"
#include "server/metrics.h"
#include "server/metrics_endpoint.h"

namespace engram {
namespace {

// Names that the health service knows besides "".
constexpr char kServiceHealthName[] = "engram.v1.AssociativeMemory";
std::string BankHealthName(const std::string& bank) { return absl::StrCat("bank/", bank); }

constexpr char kApiVersion[] = "v1";

// The requests under way may take up as much memory as this many of the largest.
constexpr int64_t kMessagesUnderWay = 16;

// How long calls are refused in words before the port is closed.
constexpr absl::Duration kLastCalls = absl::Milliseconds(100);

// Writers of a bank that wait for the disk at the same time share its syncs, so there must be many.
constexpr int kDiskWaiters = 64;

// Share of the usable memory that banks get unless the options say otherwise.
constexpr double kDefaultBudgetShare = 0.8;

int ThreadCount(const ServerOptions& options) {
  return options.threads > 0 ? options.threads
                             : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int64_t BudgetBytes(const ServerOptions& options) {
  if (options.memory_budget_bytes > 0) return options.memory_budget_bytes;
  return static_cast<int64_t>(kDefaultBudgetShare * static_cast<double>(UsableMemoryBytes()));
}

int BlockingThreadCount(const ServerOptions& options) {
  return std::max(options.data_dir.empty() ? 2 : kDiskWaiters, ThreadCount(options));
}

// Null without a data directory.
absl::StatusOr<std::unique_ptr<RocksJournal>> OpenDataDirectory(const ServerOptions& options) {
  if (options.data_dir.empty()) return nullptr;
  RocksJournalOptions journal;
  journal.data_dir = options.data_dir;
  journal.log = LogStorage;
  journal.backup_dir = options.backup_dir;
  return RocksJournal::Open(std::move(journal));
}

// `disk` may be null.
SnapshotPlaces PlacesOf(const RocksJournal* disk) {
  return disk != nullptr ? SnapshotPlaces{disk->snapshots(), disk->backups()} : SnapshotPlaces();
}

EngineOptions MakeEngineOptions(const ServerOptions& options) {
  EngineOptions engine;
  engine.queue_capacity = options.queue_capacity;
  engine.max_batch = options.max_batch;
  engine.scratch_bytes = options.scratch_bytes;
  engine.callers_sweep = true;
  return engine;
}

void FillDevice(const DeviceStatus& status, v1::Device* device) {
  device->set_kind(status.kind);
  device->set_name(status.name);
  device->set_memory_bytes(status.memory_bytes);
  device->set_memory_budget_bytes(status.budget_bytes);
}

v1::GetCapabilitiesResponse MakeCapabilities(const ServerOptions& options, const ChosenSweeper& chosen,
                                             const Journal& journal) {
  v1::GetCapabilitiesResponse capabilities;
  capabilities.set_server_version(ENGRAM_VERSION);
  capabilities.set_min_api_version(kApiVersion);
  capabilities.set_max_api_version(kApiVersion);
  capabilities.set_backend(std::string(chosen.sweeper->name()));
  capabilities.set_backend_reason(chosen.reason);
  for (const std::string& name : SweeperNames()) capabilities.add_backends(name);
  for (const char* name : kTransformNames) capabilities.add_transformations(name);
  for (const char* name : kPostTransformNames) capabilities.add_post_transformations(name);
  capabilities.set_default_durability(FillDurability(journal.durability()));
  v1::Device* device = capabilities.add_devices();
  device->set_kind("cpu");
  device->set_name(ProcessorName());
  device->set_threads(ThreadCount(options));
  device->set_instruction_set(BestCanonicalArithmetic().name);
  device->set_screening_instruction_set(chosen.kernels);
  for (const std::string& name : SupportedScreenKernels()) device->add_screening_instruction_sets(name);
  for (const DeviceStatus& status : chosen.sweeper->devices()) FillDevice(status, capabilities.add_devices());
  v1::ServerLimits* limits = capabilities.mutable_limits();
  limits->set_max_message_bytes(options.max_message_bytes);
  limits->set_max_banks(options.max_banks);
  limits->set_max_dim(Limits::kMaxDim);
  limits->set_max_batch(options.max_batch);
  limits->set_queue_capacity(options.queue_capacity);
  limits->set_memory_budget_bytes(BudgetBytes(options));
  limits->set_max_payload_bytes(Limits::kMaxPayloadBytes);
  limits->set_max_iterations(Limits::kMaxIterations);
  return capabilities;
}

// Takes gRPC's reflection out of one server: its library adds it to all of the process.
class WithoutReflection : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    const auto is_reflection = [](const std::unique_ptr<grpc::ServerBuilderPlugin>& plugin) {
      return plugin->name() == "proto_server_reflection";
    };
    plugins->erase(std::remove_if(plugins->begin(), plugins->end(), is_reflection), plugins->end());
  }
};

class RunningServer : public Server {
 public:
  // `disk` is null if nothing is kept.
  RunningServer(const ServerOptions& options, std::unique_ptr<RocksJournal> disk, ChosenSweeper chosen,
                std::unique_ptr<ThreadPool> sweep_pool, std::function<void()> on_device_lost)
      : options_(options),
        disk_(std::move(disk)),
        journal_(disk_ != nullptr ? static_cast<Journal*>(disk_.get()) : &volatile_journal_),
        budget_(BudgetBytes(options)),
        sweep_pool_(std::move(sweep_pool)),
        chosen_(std::move(chosen)),
        banks_(options.max_banks, {&budget_, chosen_.sweeper->residency()}, journal_,
               disk_ != nullptr ? disk_->next_bank_id() : 1),
        engine_(MakeEngineOptions(options), chosen_.sweeper.get(), sweep_pool_.get(), &clock_),
        uploads_(&budget_, &clock_),
        blocking_calls_(BlockingThreadCount(options)),
        gate_(kMessagesUnderWay * options.max_message_bytes),
        service_({&banks_, &budget_, journal_, PlacesOf(disk_.get()), &engine_, &uploads_, &blocking_calls_,
                  &gate_, &calls_, &clock_, Limits{options.max_message_bytes, options.max_batch},
                  MakeCapabilities(options, chosen_, *journal_),
                  [this](const std::string& bank) { UpdateBankHealth(bank); }}),
        on_device_lost_(std::move(on_device_lost)) {
    if (disk_ == nullptr) return;
    startup_.emplace(disk_.get(), &banks_, &clock_,
                     [this](const std::string& bank) { UpdateBankHealth(bank); });
  }

  ~RunningServer() override {
    device_watch_.reset();
    if (startup_.has_value()) startup_->Stop();
    if (grpc_ == nullptr) return;
    gate_.CloseAndWait(absl::ZeroDuration());
    grpc_->Shutdown(std::chrono::system_clock::now());
    grpc_->Wait();
  }

  absl::Status Listen() {
    ENGRAM_RETURN_IF_ERROR(ListenForMetrics());
    grpc::ServerBuilder builder;
    // Without it a second server on the same port would silently share the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort(options_.listen, grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options_.max_message_bytes));
    builder.SetMaxSendMessageSize(static_cast<int>(options_.max_message_bytes));
    builder.RegisterService(&service_);
    if (!options_.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
    grpc_ = builder.BuildAndStart();
    const bool is_socket = options_.listen.rfind("unix:", 0) == 0;
    if (grpc_ == nullptr || (port_ == 0 && !is_socket)) {
      return absl::UnavailableError(
          absl::StrCat("listen: cannot bind '", options_.listen, "'; is another server running there?"));
    }
    listening_.Notify();
    grpc_->GetHealthCheckService()->SetServingStatus(kServiceHealthName, true);
    device_watch_.emplace(chosen_.sweeper.get(),
                          [this](const DeviceStatus& device) { HandleLostDevice(device); });
    return absl::OkStatus();
  }

  // Loads what the data directory keeps, while calls are answered. REQUIRES: it listens.
  void LoadBanks() {
    if (!startup_.has_value()) return;
    for (const std::string& bank : startup_->names()) UpdateBankHealth(bank);
    startup_->Start();
  }

  int port() const override { return port_; }

  int64_t Drain() override {
    ReportNotServing();
    banks_.compactor().Stop();
    LogInfo("draining", {{"queries", engine_.queued()}});
    if (startup_.has_value()) startup_->Stop();
    absl::SleepFor(options_.drain_delay);
    const int64_t unfinished = gate_.CloseAndWait(options_.drain_grace);
    // gRPC cancels calls that arrive once it shuts down; those that are on their way still get our answer.
    absl::SleepFor(kLastCalls);
    // Only streams that wait for their clients are left, who would stay for ever: their own and watchers of
    // the health service.
    grpc_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
    grpc_->Wait();
    return unfinished;
  }

 private:
  absl::Status ListenForMetrics() {
    if (options_.metrics_listen.empty()) return absl::OkStatus();
    auto metrics = std::make_shared<Metrics>(
        MetricSources{&engine_, chosen_.sweeper.get(), &banks_, &budget_, &uploads_, &calls_,
                      MakeCapabilities(options_, chosen_, *journal_), chosen_.kernels_reason});
    ENGRAM_ASSIGN_OR_RETURN(metrics_, MetricsEndpoint::Serve(options_.metrics_listen, std::move(metrics)));
    LogInfo("serving metrics", {{"listen", options_.metrics_listen}, {"port", int64_t{metrics_->port()}}});
    return absl::OkStatus();
  }

  void ReportNotServing() ABSL_LOCKS_EXCLUDED(health_mutex_) {
    MutexLock lock(&health_mutex_);
    reports_not_serving_ = true;
    grpc_->GetHealthCheckService()->SetServingStatus(false);
  }

  void HandleLostDevice(const DeviceStatus& device) {
    ReportNotServing();
    LogError("device lost", {{"device", device.name}, {"kind", device.kind}, {"fault", device.fault}});
    on_device_lost_();
  }

  // Takes the status from the banks, under a lock: calls that create and delete one bank may report late.
  void UpdateBankHealth(const std::string& bank) {
    listening_.WaitForNotification();  // The first calls may be faster than BuildAndStart returns.
    MutexLock lock(&health_mutex_);
    const bool serving = !reports_not_serving_ && banks_.Find(bank).ok();
    grpc_->GetHealthCheckService()->SetServingStatus(BankHealthName(bank), serving);
  }

  const ServerOptions options_;
  SystemClock clock_;
  VolatileJournal volatile_journal_;
  const std::unique_ptr<RocksJournal> disk_;
  Journal* const journal_;
  MemoryBudget budget_;
  const std::unique_ptr<ThreadPool> sweep_pool_;
  const ChosenSweeper chosen_;
  MemoryBanks banks_;  // After the backend, on whose device their rows lie, too.
  Engine engine_;
  Uploads uploads_;
  ThreadPool blocking_calls_;
  CallGate gate_;
  CallCounters calls_;
  Mutex health_mutex_;
  bool reports_not_serving_ ABSL_GUARDED_BY(health_mutex_) = false;
  AssociativeMemoryService service_;
  const std::function<void()> on_device_lost_;
  int port_ = 0;
  absl::Notification listening_;
  std::optional<BankStartup> startup_;  // If there is a disk.
  std::unique_ptr<grpc::Server> grpc_;
  std::optional<DeviceWatch> device_watch_;   // While it listens.
  std::unique_ptr<MetricsEndpoint> metrics_;  // Last: it reads all of the above.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      std::function<void()> on_device_lost) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  // The engine's own thread takes part in every sweep.
  auto pool = std::make_unique<ThreadPool>(ThreadCount(options) - 1);
  ENGRAM_ASSIGN_OR_RETURN(ChosenSweeper chosen, MakeSweeper({options.backend, options.cpu_kernels,
                                                             options.devices, options.device_budget_bytes},
                                                            pool.get()));
  chosen.sweeper = WithLosableDevice(std::move(chosen.sweeper));
  LogInfo("starting", {{"version", ENGRAM_VERSION},
                       {"backend", std::string(chosen.sweeper->name())},
                       {"reason", chosen.reason},
                       {"threads", int64_t{ThreadCount(options)}},
                       {"instruction_set", BestCanonicalArithmetic().name},
                       {"screening_instruction_set", chosen.kernels},
                       {"screening_reason", chosen.kernels_reason},
                       {"memory_budget_bytes", BudgetBytes(options)},
                       {"data_dir", options.data_dir},
                       {"backup_dir", options.backup_dir}});
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<RocksJournal> disk, OpenDataDirectory(options));
  auto server = std::make_unique<RunningServer>(options, std::move(disk), std::move(chosen), std::move(pool),
                                                std::move(on_device_lost));
  ENGRAM_RETURN_IF_ERROR(server->Listen());
  LogInfo("serving", {{"listen", options.listen}, {"port", int64_t{server->port()}}});
  server->LoadBanks();
  return server;
}

}  // namespace engram
