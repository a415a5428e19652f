#ifndef ENGRAM_CLIENT_CLI_NUMBER_TEXT_H_
#define ENGRAM_CLIENT_CLI_NUMBER_TEXT_H_

#include <cstdint>
#include <string>

namespace engram::cli {

// Six significant digits, for people: "0.333333".
std::string NumberText(double value);

// The shortest decimal that reads back as the same float: "0.1".
std::string ShortText(float value);

// With commas between the thousands: "1,234,567".
std::string CountText(int64_t count);

// With a binary unit: "64 MiB", "1.5 GiB".
std::string BytesText(int64_t bytes);

// The double whose shortest decimal is that of `value`: 0.1 for 0.1f, so that JSON says 0.1 and not
// 0.10000000149011612. Converts back to the same float.
double ToShortDouble(float value);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_NUMBER_TEXT_H_
