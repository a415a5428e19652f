// Many clients mix everything on one server, and every answer is compared, byte for byte, with one that a
// server with the reference backend gives. Built once for the cpu backend, with small banks, and once for
// GPUs, with banks that are large enough for one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/mutex.h"
#include "engram/client.h"
#include "server/options.h"
#include "server/server.h"

namespace engram {
namespace {

#ifdef ENGRAM_MIXED_LOAD_ON_GPU
constexpr char kBackend[] = "cuda";
constexpr int kClients = 64;
constexpr int kRounds = 8;
// Patterns that two banks begin with: with fewer the host would sweep them.
constexpr int64_t kFirstPatterns = 90'000;
#else
constexpr char kBackend[] = "cpu";
constexpr int kClients = 16;
constexpr int kRounds = 25;
constexpr int64_t kFirstPatterns = 100;
#endif
constexpr int64_t kDim = 12;
constexpr uint64_t kFarId = 10'000'000;

// A server and a client of it.
class Service {
 public:
  explicit Service(const std::string& backend)
      : server_(*Start(backend)), client_(Client::Connect(OptionsFor(server_->port()))) {}

  static absl::StatusOr<std::unique_ptr<Server>> Start(const std::string& backend) {
    return Server::Start(*ParseOptions({{"listen", "127.0.0.1:0"}, {"backend", backend}}));
  }

  const Client& client() const { return client_; }

  void CreateBank(const std::string& name) const {
    v1::CreateBankRequest request;
    request.set_name(name);
    request.set_dim(kDim);
    ASSERT_TRUE(client_.CreateBank(request).ok()) << name;
  }

 private:
  static ConnectionOptions OptionsFor(int port) {
    ConnectionOptions options;
    options.target = absl::StrCat("127.0.0.1:", port);
    return options;
  }

  std::unique_ptr<Server> server_;
  Client client_;
};

// Makes requests; seeded.
class Requests {
 public:
  explicit Requests(uint64_t seed) : random_(seed) {}

  int64_t Below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }

  v1::Matrix Matrix(int64_t rows) {
    std::vector<float> values(rows * kDim);
    for (float& x : values) x = normal_(random_);
    if (Below(2) == 0) return ToMatrix(values, kDim);
    v1::Matrix matrix;
    matrix.set_rows(rows);
    matrix.set_cols(kDim);
    matrix.mutable_values()->Add(values.begin(), values.end());
    return matrix;
  }

  v1::Dynamics Dynamics() {
    constexpr double kAlphas[] = {1.2, 1.5, 2, 3};
    constexpr double kBetas[] = {0.05, 1, 4, 50};
    v1::Dynamics dynamics;
    dynamics.set_beta(kBetas[Below(4)]);
    dynamics.set_max_iterations(static_cast<int32_t>(1 + Below(20)));
    dynamics.set_tolerance(Below(2) == 0 ? 0 : 1e-6);
    switch (Below(3)) {
      case 0:
        dynamics.mutable_softmax();
        break;
      case 1:
        dynamics.mutable_entmax()->set_alpha(kAlphas[Below(4)]);
        break;
      default:
        dynamics.mutable_k_subsets()->set_k(1 + Below(8));
    }
    return dynamics;
  }

  v1::RetrieveRequest Retrieve(const std::string& bank) {
    v1::RetrieveRequest request;
    request.set_bank(bank);
    *request.mutable_queries() = Matrix(1 + Below(5));
    *request.mutable_dynamics() = Dynamics();
    request.set_max_support(Below(50));
    request.set_omit_energy(Below(3) == 0);
    request.mutable_support_parts()->set_patterns(Below(3) == 0);
    return request;
  }

  v1::EnergyRequest Energy(const std::string& bank) {
    v1::EnergyRequest request;
    request.set_bank(bank);
    *request.mutable_states() = Matrix(1 + Below(5));
    *request.mutable_dynamics() = Dynamics();
    return request;
  }

  // New patterns, and patterns that replace others.
  v1::StoreRequest Store(const std::string& bank, uint64_t first_id, int64_t id_count) {
    v1::StoreRequest request;
    request.set_bank(bank);
    const int64_t rows = 1 + Below(20);
    *request.mutable_patterns() = Matrix(rows);
    const uint64_t begin = first_id + Below(id_count - rows);
    for (int64_t i = 0; i < rows; ++i) request.add_ids(begin + i);
    return request;
  }

  // Many patterns at once, with ids from `first_id` on.
  v1::StoreRequest StoreMany(const std::string& bank, uint64_t first_id, int64_t count) {
    v1::StoreRequest request;
    request.set_bank(bank);
    *request.mutable_patterns() = Matrix(count);
    for (int64_t i = 0; i < count; ++i) request.add_ids(first_id + i);
    return request;
  }

  v1::DeletePatternsRequest Delete(const std::string& bank, uint64_t first_id, int64_t id_count) {
    v1::DeletePatternsRequest request;
    request.set_bank(bank);
    request.set_allow_missing(true);
    const uint64_t begin = first_id + Below(id_count - 5);
    for (uint64_t id = begin; id < begin + 5; ++id) request.add_ids(id);
    return request;
  }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<float> normal_;
};

template <typename Message>
std::string BytesOf(const absl::StatusOr<Message>& answer) {
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? answer->SerializeAsString() : "";
}

// But for what it cost, which is the backend's own.
std::string BytesOf(absl::StatusOr<v1::RetrieveResponse> answer) {
  if (answer.ok()) {
    for (v1::Retrieval& retrieval : *answer->mutable_retrievals()) retrieval.clear_sweeps();
  }
  return BytesOf<v1::RetrieveResponse>(answer);
}

// What happened to the bank that all clients share, so that it can be replayed.
struct History {
  struct Question {
    v1::RetrieveRequest request;
    std::string answer;
  };
  Mutex mutex;
  // By the version that they made: a Store or a deletion.
  std::map<int64_t, v1::StoreRequest> stores ABSL_GUARDED_BY(mutex);
  std::map<int64_t, v1::DeletePatternsRequest> deletions ABSL_GUARDED_BY(mutex);
  // By the version that they were answered from.
  std::multimap<int64_t, Question> questions ABSL_GUARDED_BY(mutex);
};

class MixedLoadTest : public ::testing::Test {
 protected:
  MixedLoadTest() {
    for (const Service* service : {&tested_, &reference_}) {
      service->CreateBank("still");
      Requests requests(1);
      EXPECT_TRUE(service->client().Store(requests.StoreMany("still", kFarId, kFirstPatterns)).ok());
      for (int i = 0; i < 30; ++i) EXPECT_TRUE(service->client().Store(requests.Store("still", 0, 400)).ok());
    }
    tested_.CreateBank("shared");
    Requests requests(2);
    MutexLock lock(&history_.mutex);
    for (int i = 0; i < 10; ++i) {
      const v1::StoreRequest first =
          i == 0 ? requests.StoreMany("shared", kFarId, kFirstPatterns) : requests.Store("shared", 0, 100);
      history_.stores[tested_.client().Store(first)->version()] = first;
    }
  }

  // Both servers get the same calls, so all answers must be the same.
  void UseOwnBank(const std::string& bank, Requests* requests) {
    const v1::StoreRequest store = requests->Store(bank, 0, 100);
    EXPECT_EQ(BytesOf(tested_.client().Store(store)), BytesOf(reference_.client().Store(store)));
    const v1::DeletePatternsRequest deletion = requests->Delete(bank, 50, 100);
    EXPECT_EQ(BytesOf(tested_.client().DeletePatterns(deletion)),
              BytesOf(reference_.client().DeletePatterns(deletion)));
    v1::GetPatternsRequest get;
    get.set_bank(bank);
    get.add_ids(1'000'000);
    EXPECT_EQ(BytesOf(tested_.client().GetPatterns(get)), BytesOf(reference_.client().GetPatterns(get)));
    CompareAnswers(bank, requests);
  }

  void CompareAnswers(const std::string& bank, Requests* requests) {
    const v1::RetrieveRequest retrieve = requests->Retrieve(bank);
    EXPECT_EQ(BytesOf(tested_.client().Retrieve(retrieve)), BytesOf(reference_.client().Retrieve(retrieve)))
        << retrieve.ShortDebugString();
    const v1::EnergyRequest energy = requests->Energy(bank);
    EXPECT_EQ(BytesOf(tested_.client().Energy(energy)), BytesOf(reference_.client().Energy(energy)));
  }

  // Everybody stores, deletes and asks; what they saw is checked afterwards.
  void UseSharedBank(int client, Requests* requests) {
    if (requests->Below(3) == 0) {
      const v1::StoreRequest store = requests->Store("shared", 1000 * (client + 1), 200);
      const auto stored = tested_.client().Store(store);
      ASSERT_TRUE(stored.ok()) << stored.status();
      MutexLock lock(&history_.mutex);
      EXPECT_TRUE(history_.stores.emplace(stored->version(), store).second);
    } else if (requests->Below(4) == 0) {
      const v1::DeletePatternsRequest deletion = requests->Delete("shared", 1000 * (client + 1), 200);
      const auto deleted = tested_.client().DeletePatterns(deletion);
      ASSERT_TRUE(deleted.ok()) << deleted.status();
      if (deleted->deleted_count() > 0) {
        MutexLock lock(&history_.mutex);
        EXPECT_TRUE(history_.deletions.emplace(deleted->version(), deletion).second);
      }
    }
    const v1::RetrieveRequest request = requests->Retrieve("shared");
    const auto answer = tested_.client().Retrieve(request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    MutexLock lock(&history_.mutex);
    history_.questions.emplace(answer->version(), History::Question{request, BytesOf(answer)});
  }

  void RunClient(int client) {
    Requests requests(100 + client);
    const std::string own = absl::StrCat("own-", client);
    for (const Service* service : {&tested_, &reference_}) {
      service->CreateBank(own);
      Requests first(3);
      v1::StoreRequest store = first.Store(own, 0, 100);
      store.set_ids(0, 1'000'000);
      ASSERT_TRUE(service->client().Store(store).ok());
      while (service->client().GetBank(own)->pattern_count() < 8) {
        ASSERT_TRUE(service->client().Store(first.Store(own, 2000, 100)).ok());
      }
    }
    for (int round = 0; round < kRounds; ++round) {
      UseOwnBank(own, &requests);
      CompareAnswers("still", &requests);
      UseSharedBank(client, &requests);
    }
  }

  // Makes the shared bank's versions again on the reference server and asks each what was asked of it.
  void Replay() {
    MutexLock lock(&history_.mutex);
    reference_.CreateBank("shared");
    const int64_t versions = static_cast<int64_t>(history_.stores.size() + history_.deletions.size());
    size_t compared = 0;
    for (int64_t version = 1; version <= versions; ++version) {
      if (const auto store = history_.stores.find(version); store != history_.stores.end()) {
        ASSERT_EQ(reference_.client().Store(store->second)->version(), version);
      } else {
        ASSERT_EQ(reference_.client().DeletePatterns(history_.deletions.at(version))->version(), version);
      }
      const auto [begin, end] = history_.questions.equal_range(version);
      for (auto it = begin; it != end; ++it, ++compared) {
        ASSERT_EQ(BytesOf(reference_.client().Retrieve(it->second.request)), it->second.answer)
            << "version " << version << ": " << it->second.request.ShortDebugString();
      }
    }
    EXPECT_EQ(compared, history_.questions.size());
    EXPECT_EQ(compared, static_cast<size_t>(kClients * kRounds));
  }

  Service tested_{kBackend};
  Service reference_{"reference"};
  History history_;
};

TEST_F(MixedLoadTest, EveryAnswerIsTheReferences) {
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([this, client] { RunClient(client); });
  }
  for (std::thread& client : clients) client.join();
  Replay();
}

}  // namespace
}  // namespace engram

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const auto server = engram::Service::Start(engram::kBackend);
      absl::IsFailedPrecondition(server.status())) {
    std::cout << "[  SKIPPED ] " << server.status().message() << "\n";
    return 0;
  }
  return RUN_ALL_TESTS();
}
