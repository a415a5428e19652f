#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/bank_report.h"
#include "client/cli/byte_progress.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/number_text.h"
#include "client/cli/output.h"
#include "client/cli/snapshot_place.h"

namespace engram::cli {
namespace {

struct RestoreFlags {
  SnapshotPlace place;
  std::string name;
  std::string bank;
  std::string new_name;
  bool all = false;
};

absl::StatusOr<v1::Snapshot> Get(const RestoreFlags& flags, const Client& client) {
  v1::GetSnapshotRequest request;
  request.set_name(flags.name);
  request.set_place(flags.place.wire);
  absl::StatusOr<v1::Snapshot> snapshot = client.GetSnapshot(request);
  if (snapshot.ok() && !snapshot->damage().empty()) {
    return absl::DataLossError(
        absl::StrCat(Title(flags.place, flags.name), " is damaged: ", snapshot->damage()));
  }
  return snapshot;
}

absl::StatusOr<v1::Bank> Restore(const RestoreFlags& flags, const std::string& bank, const Client& client,
                                 const Context& context) {
  v1::RestoreBankRequest request;
  request.set_snapshot(flags.name);
  request.set_place(flags.place.wire);
  request.set_bank(bank);
  request.set_new_name(flags.new_name);
  return client.RestoreBank(request, ShowByteProgress(context.err, absl::StrCat("restoring ", bank)));
}

void PrintRestored(const v1::Bank& bank, const Context& context) {
  *context.out.stream << "restored bank '" << bank.name() << "', " << CountText(bank.pattern_count())
                      << " patterns, version " << bank.version() << '\n';
}

// The bank that is meant where none is named: the only one.
absl::StatusOr<std::string> OnlyBank(const RestoreFlags& flags, const Client& client) {
  const absl::StatusOr<v1::Snapshot> snapshot = Get(flags, client);
  if (!snapshot.ok()) return snapshot.status();
  if (snapshot->banks_size() == 0)
    return absl::NotFoundError(absl::StrCat(Title(flags.place, flags.name), " has no banks"));
  if (snapshot->banks_size() == 1 && snapshot->banks(0).damage().empty()) return snapshot->banks(0).name();
  return UsageError(absl::StrCat(
      Title(flags.place, flags.name), " has ", snapshot->banks_size(),
      " banks: name one of them, or give --all: ",
      absl::StrJoin(snapshot->banks(), ", ", [](std::string* text, const v1::SnapshotBank& bank) {
        absl::StrAppend(text, bank.name().empty() ? "(unreadable)" : bank.name());
      })));
}

absl::Status RestoreOne(const RestoreFlags& flags, const Client& client, const Context& context) {
  const absl::StatusOr<std::string> name =
      flags.bank.empty() ? OnlyBank(flags, client) : absl::StatusOr<std::string>(flags.bank);
  if (!name.ok()) return name.status();
  const absl::StatusOr<v1::Bank> bank = Restore(flags, *name, client, context);
  if (!bank.ok()) return bank.status();
  if (context.output == Output::kJson) {
    PrintJson(BankJson(*bank), context);
  } else {
    PrintRestored(*bank, context);
  }
  return absl::OkStatus();
}

// What became of the banks of a snapshot.
class RestoreLog {
 public:
  explicit RestoreLog(const Context& context) : context_(context) {}

  void Restored(const v1::Bank& bank) {
    restored_.push_back(BankJson(bank));
    if (context_.output == Output::kTable) PrintRestored(bank, context_);
  }
  void Skipped(const std::string& bank) {
    skipped_.push_back(bank);
    *context_.err.stream << "skipped bank '" << bank << "': the server has one of that name\n";
  }
  void Failed(const std::string& bank, const absl::Status& status) {
    const std::string name = bank.empty() ? "(unreadable)" : bank;
    failed_names_.push_back(name);
    failed_.push_back({{"bank", bank}, {"error", std::string(status.message())}});
    if (first_failure_.ok()) first_failure_ = status;
    *context_.err.stream << "bank '" << name << "' was not restored: " << status.message() << '\n';
  }

  // The code is that of the first failure.
  absl::Status Finish() const {
    if (context_.output == Output::kJson) {
      PrintJson({{"restored", restored_}, {"skipped", skipped_}, {"failed", failed_}}, context_);
    }
    if (first_failure_.ok()) return absl::OkStatus();
    return absl::Status(
        first_failure_.code(),
        absl::StrCat(failed_names_.size(), " banks were not restored: ", absl::StrJoin(failed_names_, ", ")));
  }

 private:
  const Context& context_;
  Json restored_ = Json::array();
  Json skipped_ = Json::array();
  Json failed_ = Json::array();
  std::vector<std::string> failed_names_;
  absl::Status first_failure_;
};

// Whether the next bank would fail, too: the server has gone, or this call has to end.
bool EndsAll(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsCancelled(status);
}

absl::Status RestoreAll(const RestoreFlags& flags, const Client& client, const Context& context) {
  const absl::StatusOr<v1::Snapshot> snapshot = Get(flags, client);
  if (!snapshot.ok()) return snapshot.status();
  const absl::StatusOr<std::vector<v1::Bank>> banks = client.ListBanks();
  if (!banks.ok()) return banks.status();
  std::set<std::string> existing;
  for (const v1::Bank& bank : *banks) existing.insert(bank.name());
  RestoreLog log(context);
  absl::Status end;  // What no later bank gets past.
  for (const v1::SnapshotBank& stored : snapshot->banks()) {
    if (!stored.damage().empty()) {
      log.Failed(stored.name(), absl::DataLossError(stored.damage()));
      continue;
    }
    if (existing.count(stored.name()) > 0) {
      log.Skipped(stored.name());
      continue;
    }
    if (!end.ok()) {
      log.Failed(stored.name(), absl::Status(end.code(), "not tried after that"));
      continue;
    }
    const absl::StatusOr<v1::Bank> bank = Restore(flags, stored.name(), client, context);
    if (bank.ok()) {
      log.Restored(*bank);
    } else if (absl::IsAlreadyExists(bank.status())) {
      log.Skipped(stored.name());
    } else {
      log.Failed(stored.name(), bank.status());
      if (EndsAll(bank.status())) end = bank.status();
    }
  }
  return log.Finish();
}

absl::Status Run(const RestoreFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  if (flags.all && !(flags.bank.empty() && flags.new_name.empty())) {
    return UsageError("--all restores every bank under its own name: it takes neither BANK nor --as");
  }
  const Client client = context.connect(context.connection);
  return flags.all ? RestoreAll(flags, client, context) : RestoreOne(flags, client, context);
}

}  // namespace

void AddSnapshotRestoreCommand(CLI::App& parent, const SnapshotPlace& place, Command* chosen) {
  auto flags = std::make_shared<RestoreFlags>();
  flags->place = place;
  const auto text = [&place](const char* pattern) { return TextFor(place, pattern); };
  CLI::App& restore = *parent.add_subcommand("restore", text("Make banks again of those that a % has"));
  restore.add_option("NAME", flags->name, text("Name of the %"))->type_name("")->required();
  restore.add_option("BANK", flags->bank, text("Name of the bank [the only one that the % has]"))
      ->type_name("");
  restore.add_option("--as", flags->new_name, "Name for the restored bank [the one it had]")
      ->type_name("NEW_NAME");
  restore.add_flag("--all", flags->all, "Restore every bank that the server does not have");
  restore.footer(text(
      "Answers have the same bytes as before. A bank that exists is never touched: restore under another\n"
      "name, or delete it first. --all skips those that exist, goes on after one that is damaged, and\n"
      "then exits with the code of the first failure.\n\n"
      "Examples:\n"
      "  engram % restore before-cleaning digits\n"
      "  engram % restore before-cleaning digits --as digits-before\n"
      "  engram % restore before-cleaning --all"));
  restore.callback([=] { *chosen = [=](const Context& context) { return Run(*flags, context); }; });
}

}  // namespace engram::cli
