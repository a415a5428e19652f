#include "core/engine/lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/engine/pending_call.h"
#include "core/engine/sweep_plan.h"

namespace engram {

bool Engine::Lane::Add(std::vector<Seat> seats, bool may_serve) {
  MutexLock lock(&mutex_);
  Put(std::move(seats));
  if (servers_ > 0 || !may_serve) {
    if (CanBeServed()) work_.NotifyOne();
    return false;
  }
  ++servers_;
  return true;
}

bool Engine::Lane::Await() {
  MutexLock lock(&mutex_);
  while (!CanBeServed() && !stopping_) work_.Wait(&mutex_);
  if (stopping_) return false;
  ++servers_;
  return true;
}

void Engine::Lane::NoteSwept() {
  if (!do_sweeps_overlap_) return;
  MutexLock lock(&mutex_);
  is_sweeping_ = false;
  if (CanBeServed()) work_.NotifyOne();
}

std::optional<Engine::Turn> Engine::Lane::Next(std::vector<Seat> unfinished) {
  MutexLock lock(&mutex_);
  Put(std::move(unfinished));
  // If another thread sweeps, it takes the next turn, too.
  if (turns_.empty() || is_sweeping_) {
    Release();
    return std::nullopt;
  }
  is_sweeping_ = do_sweeps_overlap_;
  const uint64_t layout_id = turns_.front();
  turns_.pop_front();
  const auto queue = queues_.find(layout_id);
  Turn turn = TakeFrom(&queue->second);
  last_layout_id_ = layout_id;
  last_query_count_ = turn.enter.size();
  if (queue->second.empty()) {
    queues_.erase(queue);
  } else {
    turns_.push_back(layout_id);
  }
  return turn;
}

void Engine::Lane::HandOver(std::vector<Seat> unfinished) {
  MutexLock lock(&mutex_);
  Put(std::move(unfinished));
  Release();
}

void Engine::Lane::Stop() {
  MutexLock lock(&mutex_);
  while (servers_ > 0) released_.Wait(&mutex_);
  stopping_ = true;
  work_.NotifyAll();
}

void Engine::Lane::Put(std::vector<Seat> seats) {
  if (seats.empty()) return;
  const uint64_t layout_id = seats.front().call->bank().layout_id();
  Queue& queue = queues_[layout_id];
  if (queue.empty()) {
    turns_.push_back(layout_id);
    queue = std::move(seats);
  } else {
    std::move(seats.begin(), seats.end(), std::back_inserter(queue));
  }
}

bool Engine::Lane::CanBeServed() const {
  if (turns_.empty()) return false;
  if (servers_ == 0) return true;
  if (servers_ == most_servers() || is_sweeping_) return false;
  if (turns_.front() != last_layout_id_) return true;
  const size_t waiting = queues_.at(last_layout_id_).size();
  return waiting > last_query_count_ || waiting >= static_cast<size_t>(options_.max_batch);
}

void Engine::Lane::Release() {
  --servers_;
  if (CanBeServed()) work_.NotifyOne();
  if (servers_ == 0) released_.NotifyAll();
}

Engine::Turn Engine::Lane::TakeFrom(Queue* queue) const {
  std::vector<WaitingQuery> waiting;
  waiting.reserve(queue->size());
  int64_t row_count = 0;
  for (const Seat& seat : *queue) {
    waiting.push_back(seat.call->ForPlan());
    waiting.back().scratch_bytes = ScratchBytes(seat);
    row_count = std::max(row_count, seat.call->bank().row_count());
  }
  const int64_t dim = queue->front().call->bank().settings().dim;
  const int64_t max_states = std::min(options_.max_batch, MaxStatesOfWork(row_count, dim, max_turn_work_));
  const SweepPlan plan = PlanSweep(waiting, clock_->Now(), max_states, options_.scratch_bytes);
  Turn turn;
  if (plan.enter.size() == queue->size()) {
    turn.enter.swap(*queue);
    return turn;
  }
  const auto take = [&](const std::vector<int64_t>& from, std::vector<Seat>* to) {
    for (const int64_t i : from) to->push_back(std::move((*queue)[i]));
  };
  take(plan.enter, &turn.enter);
  take(plan.expired, &turn.expired);
  take(plan.cancelled, &turn.cancelled);
  queue->erase(
      std::remove_if(queue->begin(), queue->end(), [](const Seat& seat) { return seat.call == nullptr; }),
      queue->end());
  return turn;
}

}  // namespace engram
