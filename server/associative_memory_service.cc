#include "server/associative_memory_service.h"

#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/bulk_store_call.h"
#include "server/fill_response.h"
#include "server/grpc_status.h"
#include "server/log.h"
#include "server/parse_request.h"
#include "server/recall_stream_call.h"
#include "server/report_separation_call.h"
#include "server/retrieve_stream_call.h"
#include "server/scan_patterns_call.h"
#include "server/snapshot_answers.h"
#include "server/snapshot_calls.h"
#include "server/submit_retrieve.h"

namespace engram {
namespace {

// Bytes around an entry of a page.
constexpr int64_t kPageOverhead = 8;

}  // namespace

template <typename Request, typename Response>
grpc::ServerUnaryReactor* AssociativeMemoryService::Run(
    Method method, Context* context, const Bytes* request, Bytes* response,
    absl::StatusOr<Response> (AssociativeMemoryService::*handler)(const Request&)) {
  const auto bytes = static_cast<int64_t>(request->Length());
  if (const absl::Status status = parts_.gate->Enter(bytes); !status.ok())
    return Refuse(method, context, status);
  auto* call = new UnaryCall(context, response, bytes, parts_.gate, parts_.calls->of(method));
  parts_.blocking_calls->Schedule([this, call, request, handler] {
    Request message;
    absl::Status status = call->context().CheckWanted(parts_.clock->Now());
    if (status.ok()) status = ParseMessage(*request, &message);
    call->Answer(status.ok() ? (this->*handler)(message) : absl::StatusOr<Response>(status));
  });
  return call;
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* AssociativeMemoryService::Start(
    Method method, Context* context, const Bytes* request, Bytes* response,
    absl::Status (AssociativeMemoryService::*handler)(const Request&, UnaryCall*)) {
  const auto bytes = static_cast<int64_t>(request->Length());
  if (const absl::Status status = parts_.gate->Enter(bytes); !status.ok())
    return Refuse(method, context, status);
  auto* call = new UnaryCall(context, response, bytes, parts_.gate, parts_.calls->of(method));
  LocalMessage<Request> message;
  absl::Status status = ParseMessage(*request, &*message);
  if (status.ok()) status = (this->*handler)(*message, call);
  if (!status.ok()) call->Answer(absl::StatusOr<Response>(status));
  return call;
}

template <typename Call>
grpc::ServerWriteReactor<grpc::ByteBuffer>* AssociativeMemoryService::Stream(Method method, Context* context,
                                                                             const Bytes* request) {
  auto* call = new Call(context, &parts_, method);
  call->Start(request);
  return call;
}

grpc::ServerUnaryReactor* AssociativeMemoryService::Refuse(Method method, Context* context,
                                                           const absl::Status& status) {
  const grpc::Status end = ToGrpcStatus(status);
  parts_.calls->of(method)->Count(end.error_code());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(end);
  return reactor;
}

// The RPCs.

grpc::ServerUnaryReactor* AssociativeMemoryService::CreateBank(Context* context, const Bytes* request,
                                                               Bytes* response) {
  return Run(Method::kCreateBank, context, request, response, &AssociativeMemoryService::DoCreateBank);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::GetBank(Context* context, const Bytes* request,
                                                            Bytes* response) {
  return Run(Method::kGetBank, context, request, response, &AssociativeMemoryService::DoGetBank);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::ListBanks(Context* context, const Bytes* request,
                                                              Bytes* response) {
  return Run(Method::kListBanks, context, request, response, &AssociativeMemoryService::DoListBanks);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::UpdateBank(Context* context, const Bytes* request,
                                                               Bytes* response) {
  return Run(Method::kUpdateBank, context, request, response, &AssociativeMemoryService::DoUpdateBank);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::DeleteBank(Context* context, const Bytes* request,
                                                               Bytes* response) {
  return Run(Method::kDeleteBank, context, request, response, &AssociativeMemoryService::DoDeleteBank);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::Store(Context* context, const Bytes* request,
                                                          Bytes* response) {
  return Run(Method::kStore, context, request, response, &AssociativeMemoryService::DoStore);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::GetPatterns(Context* context, const Bytes* request,
                                                                Bytes* response) {
  return Run(Method::kGetPatterns, context, request, response, &AssociativeMemoryService::DoGetPatterns);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::DeletePatterns(Context* context, const Bytes* request,
                                                                   Bytes* response) {
  return Run(Method::kDeletePatterns, context, request, response,
             &AssociativeMemoryService::DoDeletePatterns);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::GetSnapshot(Context* context, const Bytes* request,
                                                                Bytes* response) {
  return Run(Method::kGetSnapshot, context, request, response, &AssociativeMemoryService::DoGetSnapshot);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::ListSnapshots(Context* context, const Bytes* request,
                                                                  Bytes* response) {
  return Run(Method::kListSnapshots, context, request, response, &AssociativeMemoryService::DoListSnapshots);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::DeleteSnapshot(Context* context, const Bytes* request,
                                                                   Bytes* response) {
  return Run(Method::kDeleteSnapshot, context, request, response,
             &AssociativeMemoryService::DoDeleteSnapshot);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::GetCapabilities(Context* context, const Bytes* request,
                                                                    Bytes* response) {
  return Run(Method::kGetCapabilities, context, request, response,
             &AssociativeMemoryService::DoGetCapabilities);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::Retrieve(Context* context, const Bytes* request,
                                                             Bytes* response) {
  return Start<v1::RetrieveRequest, v1::RetrieveResponse>(Method::kRetrieve, context, request, response,
                                                          &AssociativeMemoryService::StartRetrieve);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::Energy(Context* context, const Bytes* request,
                                                           Bytes* response) {
  return Start<v1::EnergyRequest, v1::EnergyResponse>(Method::kEnergy, context, request, response,
                                                      &AssociativeMemoryService::StartEnergy);
}
grpc::ServerUnaryReactor* AssociativeMemoryService::Differentiate(Context* context, const Bytes* request,
                                                                  Bytes* response) {
  return Start<v1::DifferentiateRequest, v1::DifferentiateResponse>(
      Method::kDifferentiate, context, request, response, &AssociativeMemoryService::StartDifferentiate);
}
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AssociativeMemoryService::BulkStore(
    Context* context) {
  return new BulkStoreCall(context, &parts_);
}
grpc::ServerWriteReactor<grpc::ByteBuffer>* AssociativeMemoryService::ScanPatterns(Context* context,
                                                                                   const Bytes* request) {
  return Stream<ScanPatternsCall>(Method::kScanPatterns, context, request);
}
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AssociativeMemoryService::RetrieveStream(
    Context* context) {
  return new RetrieveStreamCall(context, &parts_);
}
grpc::ServerWriteReactor<grpc::ByteBuffer>* AssociativeMemoryService::Recall(Context* context,
                                                                             const Bytes* request) {
  return Stream<RecallStreamCall>(Method::kRecall, context, request);
}
grpc::ServerWriteReactor<grpc::ByteBuffer>* AssociativeMemoryService::ReportSeparation(Context* context,
                                                                                       const Bytes* request) {
  return Stream<ReportSeparationCall>(Method::kReportSeparation, context, request);
}
grpc::ServerWriteReactor<grpc::ByteBuffer>* AssociativeMemoryService::CreateSnapshot(Context* context,
                                                                                     const Bytes* request) {
  return Stream<CreateSnapshotCall>(Method::kCreateSnapshot, context, request);
}
grpc::ServerWriteReactor<grpc::ByteBuffer>* AssociativeMemoryService::VerifySnapshot(Context* context,
                                                                                     const Bytes* request) {
  return Stream<VerifySnapshotCall>(Method::kVerifySnapshot, context, request);
}
grpc::ServerWriteReactor<grpc::ByteBuffer>* AssociativeMemoryService::RestoreBank(Context* context,
                                                                                  const Bytes* request) {
  return Stream<RestoreBankCall>(Method::kRestoreBank, context, request);
}

// The handlers.

absl::StatusOr<v1::CreateBankResponse> AssociativeMemoryService::DoCreateBank(
    const v1::CreateBankRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(BankSettings settings,
                          ParseCreateBank(request, parts_.journal->durability(), parts_.clock->Now()));
  parts_.uploads->DropStale();
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts_.banks->Create(std::move(settings)));
  parts_.on_bank_change(request.name());
  LogInfo("bank created", {{"bank", request.name()}, {"dim", request.dim()}});
  v1::CreateBankResponse response;
  *response.mutable_bank() = FillBank(*bank);
  return response;
}

absl::StatusOr<v1::GetBankResponse> AssociativeMemoryService::DoGetBank(const v1::GetBankRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const std::string name, ParseName(request.name(), "name"));
  ENGRAM_ASSIGN_OR_RETURN(const BankEntry entry, parts_.banks->FindEntry(name));
  v1::GetBankResponse response;
  *response.mutable_bank() = FillBank(entry);
  return response;
}

absl::StatusOr<v1::ListBanksResponse> AssociativeMemoryService::DoListBanks(
    const v1::ListBanksRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const ListBanksCall call, ParseListBanks(request));
  // One more than the page tells whether there is a next one.
  const auto banks = parts_.banks->List(call.after, call.page_size + 1);
  v1::ListBanksResponse response;
  int64_t bytes = Limits::kMaxNameBytes + kPageOverhead;  // Of the token.
  for (const BankEntry& entry : banks) {
    const v1::Bank wire = FillBank(entry);
    bytes += static_cast<int64_t>(wire.ByteSizeLong()) + kPageOverhead;
    if (response.banks_size() == call.page_size || bytes > parts_.limits.max_message_bytes) {
      response.set_next_page_token(response.banks(response.banks_size() - 1).name());
      break;
    }
    *response.add_banks() = wire;
  }
  return response;
}

absl::StatusOr<v1::UpdateBankResponse> AssociativeMemoryService::DoUpdateBank(
    const v1::UpdateBankRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts_.FindBank(request.name(), "name"));
  bool updated = false;
  while (!updated) {  // Until nobody else has changed them in between.
    const std::shared_ptr<const BankSettings> current = bank->settings();
    ENGRAM_ASSIGN_OR_RETURN(BankSettings settings, ParseUpdateBank(request, *current));
    ENGRAM_ASSIGN_OR_RETURN(updated, bank->Update(current, std::move(settings)));
  }
  LogInfo("bank updated", {{"bank", request.name()}});
  v1::UpdateBankResponse response;
  *response.mutable_bank() = FillBank(*bank);
  return response;
}

absl::StatusOr<v1::DeleteBankResponse> AssociativeMemoryService::DoDeleteBank(
    const v1::DeleteBankRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const std::string name, ParseName(request.name(), "name"));
  ENGRAM_RETURN_IF_ERROR(parts_.banks->Delete(name));
  parts_.uploads->DropStale();
  parts_.on_bank_change(name);
  LogInfo("bank deleted", {{"bank", name}});
  return v1::DeleteBankResponse();
}

absl::StatusOr<v1::StoreResponse> AssociativeMemoryService::DoStore(const v1::StoreRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts_.FindBank(request.bank(), "bank"));
  ENGRAM_ASSIGN_OR_RETURN(const StoreCall call, ParseStore(request, *bank->settings()));
  // Before anything is stored: an answer that cannot be sent would look like a failure.
  if (call.ids.empty()) ENGRAM_RETURN_IF_ERROR(CheckStoreFits(call.patterns.rows, parts_.limits));
  parts_.uploads->DropStale();
  ENGRAM_ASSIGN_OR_RETURN(const MemoryBank::Stored stored, bank->Store(call.rows()));
  v1::StoreResponse response;
  response.mutable_ids()->Add(stored.ids.begin(), stored.ids.end());
  response.set_version(stored.version);
  return response;
}

absl::StatusOr<v1::GetPatternsResponse> AssociativeMemoryService::DoGetPatterns(
    const v1::GetPatternsRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts_.FindBank(request.bank(), "bank"));
  ENGRAM_ASSIGN_OR_RETURN(const auto ids, ParseIds(request.ids(), /*distinct=*/false));
  ENGRAM_ASSIGN_OR_RETURN(const auto encoding, ParseEncoding(request.encoding(), v1::MATRIX_ENCODING_BYTES));
  ENGRAM_RETURN_IF_ERROR(
      CheckPatternsFit(static_cast<int64_t>(ids.size()), *bank->settings(), parts_.limits));
  ENGRAM_ASSIGN_OR_RETURN(const MemoryBank::FoundPatterns found, bank->Find(ids));
  return FillGetPatterns(request, found, encoding, parts_.limits);
}

absl::StatusOr<v1::DeletePatternsResponse> AssociativeMemoryService::DoDeletePatterns(
    const v1::DeletePatternsRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts_.FindBank(request.bank(), "bank"));
  ENGRAM_ASSIGN_OR_RETURN(const auto ids, ParseIds(request.ids(), /*distinct=*/true));
  ENGRAM_ASSIGN_OR_RETURN(const MemoryBank::Deleted deleted, bank->Delete(ids, request.allow_missing()));
  v1::DeletePatternsResponse response;
  response.set_deleted_count(deleted.count);
  response.set_version(deleted.version);
  return response;
}

absl::StatusOr<v1::GetSnapshotResponse> AssociativeMemoryService::DoGetSnapshot(
    const v1::GetSnapshotRequest& request) {
  return AnswerGetSnapshot(parts_, request);
}

absl::StatusOr<v1::ListSnapshotsResponse> AssociativeMemoryService::DoListSnapshots(
    const v1::ListSnapshotsRequest& request) {
  return AnswerListSnapshots(parts_, request);
}

absl::StatusOr<v1::DeleteSnapshotResponse> AssociativeMemoryService::DoDeleteSnapshot(
    const v1::DeleteSnapshotRequest& request) {
  return AnswerDeleteSnapshot(parts_, request);
}

absl::StatusOr<v1::GetCapabilitiesResponse> AssociativeMemoryService::DoGetCapabilities(
    const v1::GetCapabilitiesRequest&) {
  v1::GetCapabilitiesResponse response = parts_.capabilities;
  parts_.uploads->DropStale();
  response.set_memory_used_bytes(parts_.budget->used_bytes());
  response.set_bank_count(parts_.banks->count());
  return response;
}

absl::Status AssociativeMemoryService::StartRetrieve(const v1::RetrieveRequest& request, UnaryCall* call) {
  return SubmitRetrieve(parts_, request, call->context(), [call](absl::StatusOr<grpc::ByteBuffer> response) {
    call->AnswerBytes(std::move(response));
  });
}

absl::Status AssociativeMemoryService::StartEnergy(const v1::EnergyRequest& request, UnaryCall* call) {
  ENGRAM_ASSIGN_OR_RETURN(const auto found, parts_.FindBank(request.bank(), "bank"));
  BankSnapshot bank = found->Pin();
  ENGRAM_ASSIGN_OR_RETURN(Call parsed, ParseEnergy(request, bank.settings(), parts_.limits));
  parsed.deadline = call->context().deadline();
  parsed.cancellation = call->context().cancellation();
  auto done = [call](absl::StatusOr<EnergyResult> result) {
    call->Answer(result.ok() ? absl::StatusOr<v1::EnergyResponse>(FillEnergy(*result))
                             : absl::StatusOr<v1::EnergyResponse>(result.status()));
  };
  return parts_.engine->Energy(std::move(bank), std::move(parsed), std::move(done));
}

absl::Status AssociativeMemoryService::StartDifferentiate(const v1::DifferentiateRequest& request,
                                                          UnaryCall* call) {
  ENGRAM_ASSIGN_OR_RETURN(const auto found, parts_.FindBank(request.bank(), "bank"));
  BankSnapshot bank = found->Pin();
  ENGRAM_ASSIGN_OR_RETURN(DifferentiateCall parsed,
                          ParseDifferentiate(request, bank.settings(), parts_.limits));
  parsed.deadline = call->context().deadline();
  parsed.cancellation = call->context().cancellation();
  auto done = [call, limits = parts_.limits](absl::StatusOr<DifferentiateResult> result) {
    call->Answer(result.ok() ? FillDifferentiate(*result, limits)
                             : absl::StatusOr<v1::DifferentiateResponse>(result.status()));
  };
  return parts_.engine->Differentiate(std::move(bank), std::move(parsed), std::move(done));
}

}  // namespace engram
