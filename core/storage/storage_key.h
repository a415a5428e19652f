#ifndef ENGRAM_CORE_STORAGE_STORAGE_KEY_H_
#define ENGRAM_CORE_STORAGE_STORAGE_KEY_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace engram {

// Keys of the two column families. Numbers in keys are big-endian, so that their order is that of the
// bytes.

inline void AppendKeyNumber(uint64_t number, std::string* key) {
  for (int shift = 56; shift >= 0; shift -= 8) key->push_back(static_cast<char>(number >> shift));
}
// REQUIRES: 8 bytes.
inline uint64_t KeyNumber(absl::string_view bytes) {
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

constexpr size_t kKeyNumberBytes = 8;

// Of `banks`: what the data directory has once, ...
constexpr char kFormatKey[] = "F";
constexpr char kNextBankIdKey[] = "N";
// ... and what each bank has, the bank's id after one of these.
constexpr char kSettingsKeyPrefix = 'S';
constexpr char kCountsKeyPrefix = 'C';
// Of a deleted bank whose patterns may still be there.
constexpr char kRemainsKeyPrefix = 'D';

inline std::string BankKey(char prefix, int64_t bank_id) {
  std::string key(1, prefix);
  AppendKeyNumber(static_cast<uint64_t>(bank_id), &key);
  return key;
}
inline std::string SettingsKey(int64_t bank_id) { return BankKey(kSettingsKeyPrefix, bank_id); }
inline std::string CountsKey(int64_t bank_id) { return BankKey(kCountsKeyPrefix, bank_id); }
inline std::string RemainsKey(int64_t bank_id) { return BankKey(kRemainsKeyPrefix, bank_id); }

// Of `patterns`: the bank's id, then the pattern's. A bank's patterns are [BankPrefix(id),
// BankPrefix(id + 1)).
inline std::string BankPrefix(int64_t bank_id) {
  std::string key;
  AppendKeyNumber(static_cast<uint64_t>(bank_id), &key);
  return key;
}
inline std::string PatternKey(int64_t bank_id, uint64_t pattern_id) {
  std::string key = BankPrefix(bank_id);
  AppendKeyNumber(pattern_id, &key);
  return key;
}

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_STORAGE_KEY_H_
