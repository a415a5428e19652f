#ifndef ENGRAM_CLIENT_CLI_SCREEN_H_
#define ENGRAM_CLIENT_CLI_SCREEN_H_

#include <ostream>
#include <string>

namespace engram::cli {

// How many colours may be written: none, the xterm palette, or 24 bits.
enum class Colors { kNone, kPalette, kTrue };

// The environment variables that speak about colours; empty when unset.
struct ColorVariables {
  std::string no_color;
  std::string colorterm;
  std::string term;
};

// A stream and who looks at it.
struct Screen {
  std::ostream* stream = nullptr;
  bool is_terminal = false;
  // A file whose beginning may be written again: not a pipe, and not appended to.
  bool can_rewind = false;
  // Characters in a line.
  int columns = 80;
  Colors colors = Colors::kNone;
};

// `choice` is "auto", "always" or "never". auto: colours on a terminal, unless NO_COLOR is set or
// TERM is "dumb"; COLORTERM=truecolor or 24bit gives 24 bits.
Colors ChooseColors(const std::string& choice, bool is_terminal, const ColorVariables& variables);

// What the process was started with.
ColorVariables ReadColorVariables();

// `stream`, which writes to file descriptor `descriptor`, without colours.
Screen MakeScreen(std::ostream& stream, int descriptor);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_SCREEN_H_
