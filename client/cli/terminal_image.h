#ifndef ENGRAM_CLIENT_CLI_TERMINAL_IMAGE_H_
#define ENGRAM_CLIENT_CLI_TERMINAL_IMAGE_H_

#include <string>
#include <vector>

#include "client/cli/grey_image.h"
#include "client/cli/screen.h"

namespace engram::cli {

// An image as lines of text, each two pixel rows high and image.size.width characters wide, which
// makes pixels square on a terminal. With colours a character is a half block, its foreground the
// upper pixel and its background the lower; without, it is one of ten ASCII characters, the denser
// the lighter.
std::vector<std::string> RenderImage(const GreyImage& image, Colors colors);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_TERMINAL_IMAGE_H_
