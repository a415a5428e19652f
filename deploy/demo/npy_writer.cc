#include "deploy/demo/npy_writer.h"

#include <cstddef>
#include <fstream>

namespace engram::demo {

bool WriteNpy(const std::string& path, const std::vector<Image>& images) {
  constexpr std::size_t kPreambleBytes = 10;
  constexpr std::size_t kAlignment = 64;
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(images.size()) +
                       ", " + std::to_string(kImageSize * kImageSize) + "), }";
  // Spaces and a newline up to the next multiple: the format asks for aligned data.
  header.append(kAlignment - 1 - (kPreambleBytes + header.size()) % kAlignment, ' ');
  header += '\n';

  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00", 8);
  file.put(static_cast<char>(header.size() & 0xff)).put(static_cast<char>(header.size() >> 8));
  file << header;
  for (const Image& image : images) {
    file.write(reinterpret_cast<const char*>(image.data()), sizeof(image));
  }
  file.close();
  return file.good();
}

}  // namespace engram::demo
