#ifndef ENGRAM_TESTS_GOLDEN_GOLDEN_FILE_H_
#define ENGRAM_TESTS_GOLDEN_GOLDEN_FILE_H_

#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace engram {

// A file of this folder. README.md says how to read its cases. Throws if it is missing or malformed.
class GoldenFile {
 public:
  explicit GoldenFile(const std::string& name)
      : json_(nlohmann::json::parse(std::ifstream(std::string(ENGRAM_GOLDEN_DIR) + "/" + name))) {}

  const nlohmann::json& json() const { return json_; }
  const nlohmann::json& cases() const { return json_.at("cases"); }

  // A number, or one of the strings "inf", "-inf" and "nan".
  static double Number(const nlohmann::json& value) {
    if (value.is_number()) return value.get<double>();
    const std::string name = value.get<std::string>();
    if (name == "inf") return std::numeric_limits<double>::infinity();
    if (name == "-inf") return -std::numeric_limits<double>::infinity();
    if (name == "nan") return std::numeric_limits<double>::quiet_NaN();
    throw std::invalid_argument("not a number: " + name);
  }

  // An array of numbers, or {"n", "index", "value"}.
  static std::vector<double> Vector(const nlohmann::json& value) {
    if (value.is_object()) {
      std::vector<double> dense(value.at("n").get<size_t>());
      const nlohmann::json& index = value.at("index");
      for (size_t i = 0; i < index.size(); ++i) {
        dense.at(index[i].get<size_t>()) = Number(value.at("value").at(i));
      }
      return dense;
    }
    std::vector<double> numbers;
    for (const nlohmann::json& number : value) numbers.push_back(Number(number));
    return numbers;
  }

 private:
  nlohmann::json json_;
};

}  // namespace engram

#endif  // ENGRAM_TESTS_GOLDEN_GOLDEN_FILE_H_
