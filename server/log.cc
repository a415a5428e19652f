#include "server/log.h"

#include <google/protobuf/stubs/logging.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>

namespace engram {
namespace {

std::atomic<LogFormat> log_format{LogFormat::kText};

std::shared_ptr<spdlog::logger> MakeLogger(const std::string& level, LogFormat format) {
  auto logger =
      std::make_shared<spdlog::logger>("engramd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  const std::string pattern = format == LogFormat::kJson
                                  ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                  : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
  return logger;
}

// Where lines go. Never destroyed: threads may log until the process ends.
std::shared_ptr<spdlog::logger>& Logger() {
  static auto& logger = *new std::shared_ptr<spdlog::logger>(MakeLogger("info", LogFormat::kText));
  return logger;
}

nlohmann::ordered_json ToJson(const LogField& field) {
  return std::visit([](const auto& value) { return nlohmann::ordered_json(value); }, field.second);
}

// JSON's quoting, which also keeps a hostile value from breaking a line; bytes that are not UTF-8 are
// replaced.
std::string Quoted(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// Words stand as they are, everything else is quoted.
std::string TextValue(const LogField& field) {
  const nlohmann::ordered_json value = ToJson(field);
  if (!value.is_string()) return Quoted(value);
  const auto& text = value.get_ref<const std::string&>();
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789._-:/+%") == std::string::npos;
  return plain ? text : Quoted(value);
}

void Log(spdlog::level::level_enum level, const char* event, std::initializer_list<LogField> fields) {
  if (!Logger()->should_log(level)) return;
  std::string line;
  if (log_format.load() == LogFormat::kJson) {
    line = "\"event\":" + Quoted(event);
    for (const LogField& field : fields) line += "," + Quoted(field.first) + ":" + Quoted(ToJson(field));
  } else {
    line = event;
    for (const LogField& field : fields) line += std::string(" ") + field.first + "=" + TextValue(field);
  }
  Logger()->log(level, "{}", line);
}

}  // namespace

void InitLog(const std::string& level, LogFormat format) {
  Logger() = MakeLogger(level, format);
  log_format.store(format);
  // It would print a line of its own for each request that does not parse; the caller is told.
  google::protobuf::SetLogHandler(nullptr);
}

void LogDebug(const char* event, std::initializer_list<LogField> fields) {
  Log(spdlog::level::debug, event, fields);
}
void LogInfo(const char* event, std::initializer_list<LogField> fields) {
  Log(spdlog::level::info, event, fields);
}
void LogWarning(const char* event, std::initializer_list<LogField> fields) {
  Log(spdlog::level::warn, event, fields);
}
void LogError(const char* event, std::initializer_list<LogField> fields) {
  Log(spdlog::level::err, event, fields);
}

}  // namespace engram
