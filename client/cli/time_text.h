#ifndef ENGRAM_CLIENT_CLI_TIME_TEXT_H_
#define ENGRAM_CLIENT_CLI_TIME_TEXT_H_

#include <google/protobuf/timestamp.pb.h>

#include <string>

namespace engram::cli {

// A time to the second, in UTC: "2026-01-31T12:00:00Z".
std::string TimeText(const google::protobuf::Timestamp& time);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_TIME_TEXT_H_
