// Writes images as the rows of a NumPy array file.
#ifndef ENGRAM_DEPLOY_DEMO_NPY_WRITER_H_
#define ENGRAM_DEPLOY_DEMO_NPY_WRITER_H_

#include <string>
#include <vector>

#include "deploy/demo/typeface.h"

namespace engram::demo {

// A float32 array [images, pixels], format version 1.0. False if the file cannot be written.
bool WriteNpy(const std::string& path, const std::vector<Image>& images);

}  // namespace engram::demo

#endif  // ENGRAM_DEPLOY_DEMO_NPY_WRITER_H_
