#include "deploy/demo/cues.h"

#include <algorithm>
#include <cstddef>

namespace engram::demo {

Image HalfMasked(const Image& image) {
  Image cue = image;
  std::fill(cue.begin() + cue.size() / 2, cue.end(), 0.0f);
  return cue;
}

Image Noisy(const Image& image, float deviation, std::mt19937& random) {
  std::normal_distribution<float> noise(0.0f, deviation);
  Image cue = image;
  for (float& pixel : cue) pixel += noise(random);
  return cue;
}

Image Mixed(const Image& first, const Image& second) {
  Image cue;
  for (std::size_t i = 0; i < cue.size(); ++i) cue[i] = (first[i] + second[i]) / 2.0f;
  return cue;
}

}  // namespace engram::demo
