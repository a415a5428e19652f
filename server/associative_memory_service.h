#ifndef ENGRAM_SERVER_ASSOCIATIVE_MEMORY_SERVICE_H_
#define ENGRAM_SERVER_ASSOCIATIVE_MEMORY_SERVICE_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engram/v1/associative_memory.grpc.pb.h"
#include "server/service_parts.h"
#include "server/unary_call.h"

namespace engram {

// Requests arrive as bytes (see message_bytes.h), hence the raw methods: one line for each RPC.
// clang-format off
template <typename Base>
using RawUnaryMethods =
    v1::AssociativeMemory::WithRawCallbackMethod_CreateBank<
    v1::AssociativeMemory::WithRawCallbackMethod_GetBank<
    v1::AssociativeMemory::WithRawCallbackMethod_ListBanks<
    v1::AssociativeMemory::WithRawCallbackMethod_UpdateBank<
    v1::AssociativeMemory::WithRawCallbackMethod_DeleteBank<
    v1::AssociativeMemory::WithRawCallbackMethod_Store<
    v1::AssociativeMemory::WithRawCallbackMethod_GetPatterns<
    v1::AssociativeMemory::WithRawCallbackMethod_DeletePatterns<
    v1::AssociativeMemory::WithRawCallbackMethod_Retrieve<
    v1::AssociativeMemory::WithRawCallbackMethod_Energy<
    v1::AssociativeMemory::WithRawCallbackMethod_Differentiate<
    v1::AssociativeMemory::WithRawCallbackMethod_GetSnapshot<
    v1::AssociativeMemory::WithRawCallbackMethod_ListSnapshots<
    v1::AssociativeMemory::WithRawCallbackMethod_DeleteSnapshot<
    v1::AssociativeMemory::WithRawCallbackMethod_GetCapabilities<Base>>>>>>>>>>>>>>>;
template <typename Base>
using RawStreamMethods =
    v1::AssociativeMemory::WithRawCallbackMethod_BulkStore<
    v1::AssociativeMemory::WithRawCallbackMethod_ScanPatterns<
    v1::AssociativeMemory::WithRawCallbackMethod_RetrieveStream<
    v1::AssociativeMemory::WithRawCallbackMethod_Recall<
    v1::AssociativeMemory::WithRawCallbackMethod_ReportSeparation<
    v1::AssociativeMemory::WithRawCallbackMethod_CreateSnapshot<
    v1::AssociativeMemory::WithRawCallbackMethod_VerifySnapshot<
    v1::AssociativeMemory::WithRawCallbackMethod_RestoreBank<Base>>>>>>>>;
// clang-format on

// The RPCs of engram.v1.AssociativeMemory, each a pipeline: parse, find, do, fill.
class AssociativeMemoryService : public RawUnaryMethods<RawStreamMethods<v1::AssociativeMemory::Service>> {
 public:
  explicit AssociativeMemoryService(ServiceParts parts) : parts_(std::move(parts)) {}

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  grpc::ServerUnaryReactor* CreateBank(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* GetBank(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* ListBanks(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* UpdateBank(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* DeleteBank(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* Store(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* GetPatterns(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* DeletePatterns(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* Retrieve(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* Energy(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* Differentiate(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* GetSnapshot(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* ListSnapshots(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* DeleteSnapshot(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* GetCapabilities(Context* context, const Bytes* request, Bytes* response) override;

  grpc::ServerBidiReactor<Bytes, Bytes>* BulkStore(Context* context) override;
  grpc::ServerWriteReactor<Bytes>* ScanPatterns(Context* context, const Bytes* request) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* RetrieveStream(Context* context) override;
  grpc::ServerWriteReactor<Bytes>* Recall(Context* context, const Bytes* request) override;
  grpc::ServerWriteReactor<Bytes>* ReportSeparation(Context* context, const Bytes* request) override;
  grpc::ServerWriteReactor<Bytes>* CreateSnapshot(Context* context, const Bytes* request) override;
  grpc::ServerWriteReactor<Bytes>* VerifySnapshot(Context* context, const Bytes* request) override;
  grpc::ServerWriteReactor<Bytes>* RestoreBank(Context* context, const Bytes* request) override;

 private:
  // Handlers that answer when they return; they run on blocking_calls.
  absl::StatusOr<v1::CreateBankResponse> DoCreateBank(const v1::CreateBankRequest& request);
  absl::StatusOr<v1::GetBankResponse> DoGetBank(const v1::GetBankRequest& request);
  absl::StatusOr<v1::ListBanksResponse> DoListBanks(const v1::ListBanksRequest& request);
  absl::StatusOr<v1::UpdateBankResponse> DoUpdateBank(const v1::UpdateBankRequest& request);
  absl::StatusOr<v1::DeleteBankResponse> DoDeleteBank(const v1::DeleteBankRequest& request);
  absl::StatusOr<v1::StoreResponse> DoStore(const v1::StoreRequest& request);
  absl::StatusOr<v1::GetPatternsResponse> DoGetPatterns(const v1::GetPatternsRequest& request);
  absl::StatusOr<v1::DeletePatternsResponse> DoDeletePatterns(const v1::DeletePatternsRequest& request);
  absl::StatusOr<v1::GetSnapshotResponse> DoGetSnapshot(const v1::GetSnapshotRequest& request);
  absl::StatusOr<v1::ListSnapshotsResponse> DoListSnapshots(const v1::ListSnapshotsRequest& request);
  absl::StatusOr<v1::DeleteSnapshotResponse> DoDeleteSnapshot(const v1::DeleteSnapshotRequest& request);
  absl::StatusOr<v1::GetCapabilitiesResponse> DoGetCapabilities(const v1::GetCapabilitiesRequest& request);
  // Handlers that answer later, from the engine; an error that they return is the answer.
  absl::Status StartRetrieve(const v1::RetrieveRequest& request, UnaryCall* call);
  absl::Status StartEnergy(const v1::EnergyRequest& request, UnaryCall* call);
  absl::Status StartDifferentiate(const v1::DifferentiateRequest& request, UnaryCall* call);

  // How a handler of either kind gets its call.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Run(
      Method method, Context* context, const Bytes* request, Bytes* response,
      absl::StatusOr<Response> (AssociativeMemoryService::*handler)(const Request&));
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Start(Method method, Context* context, const Bytes* request, Bytes* response,
                                  absl::Status (AssociativeMemoryService::*handler)(const Request&,
                                                                                    UnaryCall*));
  // Starts a stream of responses to one request.
  template <typename Call>
  grpc::ServerWriteReactor<Bytes>* Stream(Method method, Context* context, const Bytes* request);
  grpc::ServerUnaryReactor* Refuse(Method method, Context* context, const absl::Status& status);

  const ServiceParts parts_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_ASSOCIATIVE_MEMORY_SERVICE_H_
