#include "bench/sweep_clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace engram::bench {
namespace {

constexpr char kMetric[] = "engram_sweep_duration_seconds";

class Socket {
 public:
  Socket() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (socket_ >= 0) close(socket_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool Connect(int port) const {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  bool Send(absl::string_view text) const {
    return send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // All until the other side closes.
  bool Receive(std::string* text) const {
    std::array<char, 4096> buffer;
    ssize_t count = 0;
    while ((count = recv(socket_, buffer.data(), buffer.size(), 0)) > 0) text->append(buffer.data(), count);
    return count == 0;
  }

 private:
  const int socket_;
};

}  // namespace

absl::StatusOr<SweepTotals> ParseSweepTotals(absl::string_view text) {
  const std::string count_name = absl::StrCat(kMetric, "_count{");
  const std::string sum_name = absl::StrCat(kMetric, "_sum{");
  SweepTotals totals;
  int found = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const bool is_count = absl::StartsWith(line, count_name);
    if (!is_count && !absl::StartsWith(line, sum_name)) continue;
    double value = 0;
    const std::vector<absl::string_view> parts = absl::StrSplit(line, "} ");
    if (parts.size() != 2 || !absl::SimpleAtod(parts[1], &value)) {
      return absl::InvalidArgumentError(absl::StrCat("metrics: got '", line, "'"));
    }
    ++found;
    if (is_count) {
      totals.count += static_cast<int64_t>(value);
    } else {
      totals.seconds += value;
    }
  }
  if (found == 0) return absl::InvalidArgumentError(absl::StrCat("metrics: there is no ", kMetric));
  return totals;
}

absl::StatusOr<SweepTotals> ReadSweepTotals(int port) {
  const Socket socket;
  std::string answer;
  if (!socket.Connect(port) ||
      !socket.Send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n") ||
      !socket.Receive(&answer)) {
    return absl::UnavailableError(absl::StrCat("metrics at port ", port, ": ", std::strerror(errno)));
  }
  return ParseSweepTotals(answer);
}

}  // namespace engram::bench
