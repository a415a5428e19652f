#ifndef ENGRAM_CLIENT_CLI_PICTURE_ROW_H_
#define ENGRAM_CLIENT_CLI_PICTURE_ROW_H_

#include <string>
#include <vector>

#include "client/cli/grey_image.h"
#include "client/cli/screen.h"

namespace engram::cli {

// An image with a few words about it.
struct Picture {
  std::string caption;
  GreyImage image;
};

// Draws framed pictures of one size side by side, as many in a row as fit:
//
//   +- query -+   +- recalled -+
//
// Small images are magnified until they are easy to see, large ones shrunk until they fit.
void PrintPictures(const std::vector<Picture>& pictures, const Screen& screen);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PICTURE_ROW_H_
