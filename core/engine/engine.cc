#include "core/engine/engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/bank_checks.h"
#include "core/engine/differentiation_flight.h"
#include "core/engine/energy_flight.h"
#include "core/engine/pending_call.h"
#include "core/engine/recall_flight.h"
#include "core/engine/retrieval_flight.h"
#include "core/engine/separation_flight.h"
#include "core/engine/sweep_plan.h"

namespace engram {
namespace {

// Updates of one query between two sweeps: others wait meanwhile.
constexpr int kUpdatesPerTurn = 64;

int64_t QueryCount(const BankSnapshot& bank, const Call& call) {
  return static_cast<int64_t>(call.states.size()) / bank.settings().dim;
}

// Row b of a matrix with `cols` columns.
absl::Span<const double> Row(const std::vector<double>& matrix, int64_t b, int64_t cols) {
  return matrix.empty() ? absl::Span<const double>() : absl::MakeConstSpan(matrix).subspan(b * cols, cols);
}
absl::Span<const double> StateOf(const Call& call, const BankSnapshot& bank, int64_t b) {
  return Row(call.states, b, bank.settings().dim);
}

std::unique_ptr<Flight> MakeRetrieval(const RetrieveCall& call, const BankSnapshot& bank, int64_t b,
                                      Retrieval* answer) {
  return std::make_unique<RetrievalFlight>(&call, StateOf(call, bank, b), answer);
}
std::unique_ptr<Flight> MakeEnergy(const Call& call, const BankSnapshot& bank, int64_t b,
                                   StateEnergy* answer) {
  return std::make_unique<EnergyFlight>(&call, StateOf(call, bank, b), answer);
}
std::unique_ptr<Flight> MakeDifferentiation(const DifferentiateCall& call, const BankSnapshot& bank,
                                            int64_t b, RetrievalGradient* answer) {
  return std::make_unique<DifferentiationFlight>(
      &call, StateOf(call, bank, b), Row(call.state_cotangents, b, bank.settings().dim),
      Row(call.value_cotangents, b, bank.settings().value_dim), call.trajectory_memory, answer);
}
std::unique_ptr<Flight> MakeSeparation(const SeparateCall& call, const BankSnapshot& bank, int64_t b,
                                       PatternSeparation* answer) {
  return std::make_unique<SeparationFlight>(bank, bank.by_id().rows()[call.begin + b], answer);
}
std::unique_ptr<Flight> MakeRecall(const RecallCall& call, const BankSnapshot&, int64_t, Memory* answer) {
  return std::make_unique<RecallFlight>(call.recall.get(), answer);
}

// The one memory of a recall, in the form of the other results.
struct RecallResult {
  BankSnapshot bank;
  std::vector<Memory> memories;
};

absl::Status QueueFull(int64_t asked, int64_t queued, const EngineOptions& options,
                       absl::Duration last_sweep) {
  ErrorDetails details;
  details.reason = "QUEUE_FULL";
  details.metadata = {{"asked", absl::StrCat(asked)},
                      {"free", absl::StrCat(options.queue_capacity - queued)},
                      {"limit", absl::StrCat(options.queue_capacity)}};
  details.retry_delay = RetryDelay(queued, options.max_batch, last_sweep);
  return MakeError(absl::StatusCode::kResourceExhausted, details,
                   absl::StrCat("the queue is full: asked room for ", asked, " queries, free ",
                                options.queue_capacity - queued, ", limit ", options.queue_capacity,
                                "; retry after ", absl::FormatDuration(details.retry_delay)));
}

absl::Status ShuttingDown() {
  ErrorDetails details;
  details.reason = "SHUTTING_DOWN";
  return MakeError(absl::StatusCode::kUnavailable, details, "the server is shutting down");
}

}  // namespace

Engine::Engine(EngineOptions options, Sweeper* sweeper, ThreadPool* pool, const Clock* clock)
    : options_(options),
      trajectory_memory_(options.scratch_bytes),
      sweeper_(sweeper),
      pool_(pool),
      clock_(clock),
      executor_([this] { Work(); }) {}

Engine::~Engine() {
  Drain();
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  work_.NotifyAll();
  executor_.join();
}

absl::Status Engine::Retrieve(BankSnapshot bank, RetrieveCall call, RetrieveDone done) {
  ENGRAM_RETURN_IF_ERROR(CheckFits(bank, call.dynamics));
  const int64_t count = QueryCount(bank, call);
  return Submit(std::make_shared<PendingAnswers<RetrieveCall, Retrieval, RetrieveResult>>(
      std::move(bank), std::move(call), count, MakeRetrieval, std::move(done)));
}

absl::Status Engine::Energy(BankSnapshot bank, Call call, EnergyDone done) {
  ENGRAM_RETURN_IF_ERROR(CheckFits(bank, call.dynamics));
  const int64_t count = QueryCount(bank, call);
  return Submit(std::make_shared<PendingAnswers<Call, StateEnergy, EnergyResult>>(
      std::move(bank), std::move(call), count, MakeEnergy, std::move(done)));
}

absl::Status Engine::Differentiate(BankSnapshot bank, DifferentiateCall call, DifferentiateDone done) {
  ENGRAM_RETURN_IF_ERROR(CheckFits(bank, call.dynamics));
  const int64_t count = QueryCount(bank, call);
  call.trajectory_memory = &trajectory_memory_;
  return Submit(std::make_shared<PendingAnswers<DifferentiateCall, RetrievalGradient, DifferentiateResult>>(
      std::move(bank), std::move(call), count, MakeDifferentiation, std::move(done)));
}

absl::Status Engine::Recall(RecallCall call, RecallDone done) {
  assert(!call.recall->exhausted());
  auto take_one = [done = std::move(done)](absl::StatusOr<RecallResult> result) {
    done(result.ok() ? absl::StatusOr<Memory>(std::move(result->memories.front()))
                     : absl::StatusOr<Memory>(result.status()));
  };
  BankSnapshot bank = call.recall->bank();
  return Submit(std::make_shared<PendingAnswers<RecallCall, Memory, RecallResult>>(
      std::move(bank), std::move(call), 1, MakeRecall, std::move(take_one)));
}

absl::Status Engine::Separate(BankSnapshot bank, SeparateCall call, SeparateDone done) {
  const int64_t count = call.end - call.begin;
  return Submit(std::make_shared<PendingAnswers<SeparateCall, PatternSeparation, SeparateResult>>(
      std::move(bank), std::move(call), count, MakeSeparation, std::move(done)));
}

absl::Status Engine::Submit(std::shared_ptr<PendingCall> call) {
  const int64_t count = call->query_count();
  assert(count >= 1);
  {
    MutexLock lock(&mutex_);
    if (draining_) {
      return ShuttingDown();
    }
    if (queued_ + count > options_.queue_capacity) return QueueFull(count, queued_, options_, last_sweep_);
    queued_ += count;
    unfinished_ += count;
  }
  std::vector<Seat> seats(count);
  for (int64_t b = 0; b < count; ++b) seats[b] = {call, call->MakeFlight(b), b};
  Requeue(std::move(seats));
  return absl::OkStatus();
}

void Engine::Requeue(std::vector<Seat> seats) {
  if (seats.empty()) return;
  const uint64_t layout_id = seats.front().call->bank().layout_id();
  {
    MutexLock lock(&mutex_);
    Queue& queue = queues_[layout_id];
    if (queue.empty()) turns_.push_back(layout_id);
    for (Seat& seat : seats) queue.push_back(std::move(seat));
  }
  work_.NotifyOne();
}

void Engine::Drain() {
  MutexLock lock(&mutex_);
  draining_ = true;
  while (unfinished_ > 0) idle_.Wait(&mutex_);
}

void Engine::FreeRoom(int64_t queries) {
  MutexLock lock(&mutex_);
  queued_ -= queries;
}

int64_t Engine::queued() const {
  MutexLock lock(&mutex_);
  return queued_;
}

void Engine::Work() {
  while (std::optional<Turn> turn = NextTurn()) {
    FreeRoom(static_cast<int64_t>(turn->cancelled.size() + turn->expired.size()));
    for (const Seat& seat : turn->cancelled) {
      seat.call->Fail(CallCancelled());
    }
    for (const Seat& seat : turn->expired) {
      seat.call->Fail(CallExpired());
    }
    const size_t taken = turn->cancelled.size() + turn->expired.size() + turn->enter.size();
    std::vector<Seat> unfinished;
    if (!turn->enter.empty()) unfinished = Serve(std::move(turn->enter));
    const size_t left = taken - unfinished.size();
    Requeue(std::move(unfinished));
    MutexLock lock(&mutex_);
    unfinished_ -= static_cast<int64_t>(left);
    if (unfinished_ == 0) idle_.NotifyAll();
  }
}

std::optional<Engine::Turn> Engine::NextTurn() {
  MutexLock lock(&mutex_);
  while (turns_.empty() && !stopping_) work_.Wait(&mutex_);
  if (turns_.empty()) return std::nullopt;
  const uint64_t layout_id = turns_.front();
  turns_.pop_front();
  Queue& queue = queues_[layout_id];
  std::vector<WaitingQuery> waiting;
  int64_t row_count = 0;
  waiting.reserve(queue.size());
  for (const Seat& seat : queue) {
    waiting.push_back(seat.call->ForPlan());
    row_count = std::max(row_count, seat.call->bank().row_count());
  }
  const SweepPlan plan =
      PlanSweep(waiting, clock_->Now(), MaxStates(row_count, options_.scratch_bytes, options_.max_batch));
  Turn turn;
  const auto take = [&queue](const std::vector<int64_t>& from, std::vector<Seat>* to) {
    for (const int64_t i : from) to->push_back(std::move(queue[i]));
  };
  take(plan.enter, &turn.enter);
  take(plan.expired, &turn.expired);
  take(plan.cancelled, &turn.cancelled);
  queue.erase(
      std::remove_if(queue.begin(), queue.end(), [](const Seat& seat) { return seat.call == nullptr; }),
      queue.end());
  if (queue.empty()) {
    queues_.erase(layout_id);
  } else {
    turns_.push_back(layout_id);
  }
  return turn;
}

std::vector<Engine::Seat> Engine::Serve(std::vector<Seat> seats) {
  const absl::Time begin = clock_->Now();
  std::vector<SweepState> states;
  states.reserve(seats.size());
  const BankSnapshot* newest = &seats.front().call->bank();
  for (const Seat& seat : seats) {
    const BankSnapshot& bank = seat.call->bank();
    states.push_back({seat.flight->state(), seat.flight->NextCut(bank), bank.version()});
    if (bank.version() > newest->version()) newest = &bank;
  }
  std::vector<SweepResult> results(seats.size());
  const absl::Status status = sweeper_->Sweep(*newest, states, absl::MakeSpan(results));
  if (!status.ok()) {
    FreeRoom(static_cast<int64_t>(seats.size()));
    for (const Seat& seat : seats) seat.call->Fail(status);
    return {};
  }
  const auto advance = [&](int64_t i) { Advance(&seats[i], &results[i]); };
  seats.size() == 1 ? advance(0) : pool_->ParallelFor(static_cast<int64_t>(seats.size()), advance);
  {
    MutexLock lock(&mutex_);
    last_sweep_ = clock_->Now() - begin;
  }
  seats.erase(
      std::remove_if(seats.begin(), seats.end(), [](const Seat& seat) { return seat.call == nullptr; }),
      seats.end());
  return seats;
}

void Engine::Advance(Seat* seat, SweepResult* result) {
  const BankSnapshot& bank = seat->call->bank();
  absl::StatusOr<bool> done = false;
  seat->flight->CountSweep();
  for (int updates = 0; done.ok() && !*done; ++updates) {
    if (updates == kUpdatesPerTurn) return;
    // A projection may take long, and the wish for it may have gone while others were computed: at the next
    // turn the seat is cleared.
    if (!IsWanted(seat->call->ForPlan(), clock_->Now())) return;
    if (updates > 0) {
      const SweepState next{seat->flight->state(), seat->flight->NextCut(bank), bank.version()};
      if (result->near_misses == nullptr || !result->near_misses->Serve(next, &result->survivors)) return;
    }
    done = seat->flight->Advance(bank, &result->survivors);
  }
  FreeRoom(1);
  seat->call->FinishOne(seat->b, AtQuery(seat->b, done.status()));
  seat->call = nullptr;
}

}  // namespace engram
