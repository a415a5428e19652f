#include "client/cli/screen.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace engram::cli {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Colors ChooseColors(const std::string& choice, bool is_terminal, const ColorVariables& variables) {
  if (choice == "never") return Colors::kNone;
  if (choice == "auto" && (!is_terminal || !variables.no_color.empty() || variables.term == "dumb")) {
    return Colors::kNone;
  }
  const bool is_true = variables.colorterm == "truecolor" || variables.colorterm == "24bit";
  return is_true ? Colors::kTrue : Colors::kPalette;
}

ColorVariables ReadColorVariables() {
  return {Variable("NO_COLOR"), Variable("COLORTERM"), Variable("TERM")};
}

Screen MakeScreen(std::ostream& stream, int descriptor) {
  Screen screen;
  screen.stream = &stream;
  screen.is_terminal = isatty(descriptor) == 1;
  screen.can_rewind = lseek(descriptor, 0, SEEK_CUR) >= 0 && (fcntl(descriptor, F_GETFL) & O_APPEND) == 0;
  winsize size{};
  if (screen.is_terminal && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    screen.columns = size.ws_col;
  }
  return screen;
}

}  // namespace engram::cli
