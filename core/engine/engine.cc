#include "core/engine/engine.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "core/base/status_macros.h"
#include "core/engine/bank_checks.h"
#include "core/engine/differentiation_flight.h"
#include "core/engine/energy_flight.h"
#include "core/engine/lane.h"
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

// What one turn of a small bank may take up, so that the other small banks need not wait long.
constexpr int64_t kShortTurnWork = int64_t{1} << 23;

// How long a caller sweeps, but for the turn in which it ends.
constexpr absl::Duration kCallerSweeps = absl::Microseconds(200);

// Updates of less work than this many multiply-adds together are not worth waking a thread for.
constexpr int64_t kMinParallelWork = int64_t{1} << 17;

int64_t SurvivorCount(absl::Span<const SweepResult> results) {
  size_t count = 0;
  for (const SweepResult& result : results) count += result.survivors.size();
  return static_cast<int64_t>(count);
}

// Queries for which it pays to wake threads if each may wait for a device.
constexpr size_t kMinWaiting = 4;

// Whether the updates of a turn are worth the pool. A survivor is scored again, weighed and combined. If
// `may_wait`, near misses are looked up on a device, and one query may wait for it while others go on.
bool IsWorthThePool(absl::Span<const SweepResult> results, int64_t dim, bool may_wait) {
  if (results.size() == 1) return false;
  if (may_wait && results.size() >= kMinWaiting) return true;
  return SurvivorCount(results) * dim >= kMinParallelWork;
}

// Of either kind.
void CountSweep(const BankSnapshot& bank, size_t query_count, absl::Duration duration,
                LaneCounters* counters) {
  const int64_t row_count = bank.row_count();
  counters->swept_rows.Add(row_count);
  counters->swept_bytes.Add(row_count * bank.settings().dim * static_cast<int64_t>(sizeof(float)));
  counters->sweep_queries.Add(static_cast<int64_t>(query_count));
  // The clock may have been set back.
  counters->sweep_nanoseconds.Add(std::max<int64_t>(0, absl::ToInt64Nanoseconds(duration)));
}

}  // namespace

// Tells a lane, once, when the sweeps of a turn are over: at the latest when this goes.
class Engine::SweepsOfTurn {
 public:
  explicit SweepsOfTurn(Lane* lane) : lane_(lane) {}
  ~SweepsOfTurn() { End(); }
  SweepsOfTurn(const SweepsOfTurn&) = delete;
  SweepsOfTurn& operator=(const SweepsOfTurn&) = delete;

  void End() {
    if (lane_ != nullptr) lane_->NoteSwept();
    lane_ = nullptr;
  }

 private:
  Lane* lane_;
};

Engine::Engine(EngineOptions options, Sweeper* sweeper, ThreadPool* pool, const Clock* clock)
    : options_(options),
      trajectory_memory_(options.scratch_bytes),
      sweeper_(sweeper),
      pool_(pool),
      clock_(clock),
      admission_(options.queue_capacity, options.max_batch),
      short_lane_(std::make_unique<Lane>(options, kShortTurnWork, /*do_sweeps_overlap=*/false, clock,
                                         &counters_.short_lane)),
      long_lane_(std::make_unique<Lane>(options, std::numeric_limits<int64_t>::max(),
                                        sweeper->leaves_host_free(), clock, &counters_.long_lane)) {
  for (Lane* const lane : {short_lane_.get(), long_lane_.get()}) {
    for (int i = 0; i < lane->most_servers(); ++i) {
      executors_.emplace_back([this, lane] { Work(lane); });
    }
  }
}

Engine::~Engine() {
  Drain();
  short_lane_->Stop();
  long_lane_->Stop();
  for (std::thread& executor : executors_) executor.join();
}

absl::Status Engine::Retrieve(BankSnapshot bank, RetrieveCall call, RetrieveDone done) {
  ENGRAM_RETURN_IF_ERROR(CheckFits(bank, call.dynamics));
  const int64_t count = QueryCount(bank, call);
  Lane* const lane = LaneFor(bank, call.dynamics);
  return Submit(std::make_shared<PendingAnswers<RetrieveCall, Retrieval, RetrieveResult>>(
                    std::move(bank), std::move(call), count, MakeRetrieval, std::move(done)),
                lane);
}

absl::Status Engine::Energy(BankSnapshot bank, Call call, EnergyDone done) {
  ENGRAM_RETURN_IF_ERROR(CheckFits(bank, call.dynamics));
  const int64_t count = QueryCount(bank, call);
  Lane* const lane = LaneFor(bank, call.dynamics);
  return Submit(std::make_shared<PendingAnswers<Call, StateEnergy, EnergyResult>>(
                    std::move(bank), std::move(call), count, MakeEnergy, std::move(done)),
                lane);
}

absl::Status Engine::Differentiate(BankSnapshot bank, DifferentiateCall call, DifferentiateDone done) {
  ENGRAM_RETURN_IF_ERROR(CheckFits(bank, call.dynamics));
  const int64_t count = QueryCount(bank, call);
  call.trajectory_memory = &trajectory_memory_;
  return Submit(std::make_shared<PendingAnswers<DifferentiateCall, RetrievalGradient, DifferentiateResult>>(
                    std::move(bank), std::move(call), count, MakeDifferentiation, std::move(done)),
                long_lane_.get());
}

absl::Status Engine::Recall(RecallCall call, RecallDone done) {
  assert(!call.recall->exhausted());
  auto take_one = [done = std::move(done)](absl::StatusOr<RecallResult> result) {
    done(result.ok() ? absl::StatusOr<Memory>(std::move(result->memories.front()))
                     : absl::StatusOr<Memory>(result.status()));
  };
  BankSnapshot bank = call.recall->bank();
  return Submit(std::make_shared<PendingAnswers<RecallCall, Memory, RecallResult>>(
                    std::move(bank), std::move(call), 1, MakeRecall, std::move(take_one)),
                long_lane_.get());
}

absl::Status Engine::Separate(BankSnapshot bank, SeparateCall call, SeparateDone done) {
  const int64_t count = call.end - call.begin;
  return Submit(std::make_shared<PendingAnswers<SeparateCall, PatternSeparation, SeparateResult>>(
                    std::move(bank), std::move(call), count, MakeSeparation, std::move(done)),
                long_lane_.get());
}

Engine::Lane* Engine::LaneFor(const BankSnapshot& bank, const Dynamics& dynamics) const {
  const bool is_small = SweepWork(bank.row_count(), bank.settings().dim) <= options_.small_bank_work;
  // The weights of ordered transformations may take longer than the sweep.
  return is_small && !IsOrdered(dynamics.transform) ? short_lane_.get() : long_lane_.get();
}

absl::Status Engine::Submit(std::shared_ptr<PendingCall> call, Lane* lane) {
  const int64_t count = call->query_count();
  assert(count >= 1);
  if (const absl::Status status = admission_.Enter(count); !status.ok()) {
    if (status.code() == absl::StatusCode::kResourceExhausted) counters_.refused_calls.Add(1);
    return status;
  }
  std::vector<Seat> seats(count);
  for (int64_t b = 0; b < count; ++b) seats[b] = {call, call->MakeFlight(b), b};
  call.reset();
  const bool may_serve = options_.callers_sweep && lane == short_lane_.get();
  if (lane->Add(std::move(seats), may_serve)) ServeLane(lane, kCallerSweeps);
  return absl::OkStatus();
}

void Engine::Work(Lane* lane) {
  while (lane->Await()) ServeLane(lane, absl::InfiniteDuration());
}

void Engine::ServeLane(Lane* lane, absl::Duration at_most) {
  const absl::Time end = clock_->Now() + at_most;
  std::vector<Seat> unfinished;
  while (std::optional<Turn> turn = lane->Next(std::move(unfinished))) {
    unfinished = TakeTurn(*std::move(turn), lane);
    if (clock_->Now() >= end) return lane->HandOver(std::move(unfinished));
  }
}

std::vector<Engine::Seat> Engine::TakeTurn(Turn turn, Lane* lane) {
  const size_t leaving = turn.cancelled.size() + turn.expired.size();
  const size_t taken = leaving + turn.enter.size();
  if (leaving > 0) admission_.FreeRoom(static_cast<int64_t>(leaving));
  FailSeats(turn.cancelled, QueryEnd::kCancelled, CallCancelled());
  FailSeats(turn.expired, QueryEnd::kDeadline, CallExpired());
  turn.cancelled.clear();
  turn.expired.clear();
  std::vector<Seat> unfinished;
  SweepsOfTurn sweeps(lane);
  if (!turn.enter.empty()) unfinished = Serve(std::move(turn.enter), lane->counters(), &sweeps);
  // Only now: whoever waits for the last to leave may then let go of the banks.
  if (taken > unfinished.size()) admission_.Leave(static_cast<int64_t>(taken - unfinished.size()));
  return unfinished;
}

int64_t Engine::ScratchBytes(const Seat& seat) {
  const BankSnapshot& bank = seat.call->bank();
  if (seat.flight->NextStream(bank).has_value()) return StreamedBytes(bank.row_count());
  return seat.is_dense ? DenseBytes(bank.row_count()) : ScreenedBytes(bank.row_count());
}

std::vector<Engine::Seat> Engine::Serve(std::vector<Seat> seats, LaneCounters* counters,
                                        SweepsOfTurn* sweeps) {
  const absl::Time begin = clock_->Now();
  const auto wants_sweep = [](const Seat& seat) {
    return !seat.flight->NextStream(seat.call->bank()).has_value();
  };
  const auto streamed = std::stable_partition(seats.begin(), seats.end(), wants_sweep) - seats.begin();
  const BankSnapshot* newest = &seats.front().call->bank();
  for (const Seat& seat : seats) {
    if (seat.call->bank().version() > newest->version()) newest = &seat.call->bank();
  }
  const BankSnapshot bank = *newest;
  const absl::Span<Seat> all = absl::MakeSpan(seats);
  // The last pass is that of the streams, if there are any.
  const absl::Span<Seat> to_stream = all.subspan(streamed);
  absl::Status status = Sweep(bank, all.first(streamed), counters, to_stream.empty() ? sweeps : nullptr);
  if (status.ok()) status = Stream(bank, to_stream, counters, sweeps);
  seats.erase(
      std::remove_if(seats.begin(), seats.end(), [](const Seat& seat) { return seat.call == nullptr; }),
      seats.end());
  if (!status.ok()) {
    admission_.FreeRoom(static_cast<int64_t>(seats.size()));
    FailSeats(seats, QueryEnd::kFailed, status);
    return {};
  }
  admission_.NoteSweep(clock_->Now() - begin);
  return seats;
}

absl::Status Engine::Sweep(const BankSnapshot& newest, absl::Span<Seat> seats, LaneCounters* counters,
                           SweepsOfTurn* sweeps) {
  if (seats.empty()) return absl::OkStatus();
  int64_t dense_bytes = 0;
  int64_t screened = 0;
  for (const Seat& seat : seats) {
    if (seat.is_dense) {
      dense_bytes += ScratchBytes(seat);
    } else {
      ++screened;
    }
  }
  constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
  const int64_t most_survivors =
      screened == 0 ? kAll : MostSurvivors(newest.row_count(), screened, options_.scratch_bytes, dense_bytes);
  std::vector<SweepState> states;
  states.reserve(seats.size());
  for (const Seat& seat : seats) {
    const BankSnapshot& bank = seat.call->bank();
    states.push_back({seat.flight->state(), seat.flight->NextCut(bank), bank.version(),
                      seat.is_dense ? kAll : most_survivors});
  }
  std::vector<SweepResult> results(seats.size());
  const absl::Time begin = clock_->Now();
  ENGRAM_RETURN_IF_ERROR(sweeper_->Sweep(newest, states, absl::MakeSpan(results)));
  if (sweeps != nullptr) sweeps->End();
  CountSweep(newest, states.size(), clock_->Now() - begin, counters);
  counters->exact_sweeps.Add(1);
  counters->survivors.Add(SurvivorCount(results));
  const auto advance = [&](int64_t i, ThreadPool* pool) {
    Advance(&seats[i], states[i].most_survivors, std::exchange(results[i], {}), pool);
  };
  const auto count = static_cast<int64_t>(seats.size());
  if (IsWorthThePool(results, newest.settings().dim, sweeper_->leaves_host_free())) {
    pool_->ParallelFor(count, [&](int64_t i) { advance(i, nullptr); });
  } else {
    for (int64_t i = 0; i < count; ++i) advance(i, pool_);
  }
  return absl::OkStatus();
}

absl::Status Engine::Stream(const BankSnapshot& newest, absl::Span<Seat> seats, LaneCounters* counters,
                            SweepsOfTurn* sweeps) {
  if (seats.empty()) return absl::OkStatus();
  std::vector<StreamState> states;
  states.reserve(seats.size());
  for (const Seat& seat : seats) states.push_back(*seat.flight->NextStream(seat.call->bank()));
  std::vector<StreamedSoftmax> updates(seats.size());
  const absl::Time begin = clock_->Now();
  ENGRAM_RETURN_IF_ERROR(sweeper_->StreamSoftmax(newest, states, absl::MakeSpan(updates)));
  sweeps->End();
  CountSweep(newest, states.size(), clock_->Now() - begin, counters);
  counters->fast_sweeps.Add(1);
  const auto advance = [&](int64_t i) {
    seats[i].flight->CountSweep();
    Conclude(&seats[i], seats[i].flight->AdvanceStream(seats[i].call->bank(), updates[i]));
  };
  const auto count = static_cast<int64_t>(seats.size());
  count == 1 ? advance(0) : pool_->ParallelFor(count, advance);
  return absl::OkStatus();
}

void Engine::Advance(Seat* seat, int64_t most_survivors, SweepResult result, ThreadPool* pool) {
  seat->is_dense =
      result.is_left || (seat->is_dense && static_cast<int64_t>(result.survivors.size()) > kFewSurvivors);
  if (result.is_left) return;
  const BankSnapshot& bank = seat->call->bank();
  // Near misses go on from the survivors.
  const UpdateMeans means{pool, result.near_misses == nullptr, sweeper_};
  absl::StatusOr<bool> done = false;
  seat->flight->CountSweep();
  for (int updates = 0; done.ok() && !*done; ++updates) {
    if (updates == kUpdatesPerTurn) return;
    // A projection may take long, and the wish for it may have gone while others were computed: at the next
    // turn the seat is cleared.
    if (!IsWanted(seat->call->ForPlan(), clock_->Now())) return;
    if (updates > 0) {
      const SweepState next{seat->flight->state(), seat->flight->NextCut(bank), bank.version(),
                            most_survivors};
      if (result.near_misses == nullptr || !result.near_misses->Serve(next, &result.survivors)) return;
      counters_.near_miss_updates.Add(1);
    }
    done = seat->flight->Advance(bank, &result.survivors, means);
  }
  Conclude(seat, done);
}

void Engine::Conclude(Seat* seat, const absl::StatusOr<bool>& done) {
  if (done.ok() && !*done) return;
  if (done.ok()) {
    seat->call->CountAnswer(seat->b, &counters_);
  } else {
    counters_.CountQuery(seat->call->kind(), QueryEnd::kFailed);
  }
  admission_.FreeRoom(1);
  seat->call->FinishOne(seat->b, AtQuery(seat->b, done.status()));
  seat->call = nullptr;
}

void Engine::FailSeats(const std::vector<Seat>& seats, QueryEnd end, const absl::Status& status) {
  for (const Seat& seat : seats) counters_.CountQuery(seat.call->kind(), end);
  for (const Seat& seat : seats) seat.call->Fail(status);
}

}  // namespace engram
