// Damaged images, to be recalled from.
#ifndef ENGRAM_DEPLOY_DEMO_CUES_H_
#define ENGRAM_DEPLOY_DEMO_CUES_H_

#include <random>

#include "deploy/demo/typeface.h"

namespace engram::demo {

// The bottom half at 0, between paper and ink: nothing is known about it.
Image HalfMasked(const Image& image);

// Every pixel with Gaussian noise of this standard deviation; paper and ink are 2 apart.
Image Noisy(const Image& image, float deviation, std::mt19937& random);

// The mean of two images, both seen at once.
Image Mixed(const Image& first, const Image& second);

}  // namespace engram::demo

#endif  // ENGRAM_DEPLOY_DEMO_CUES_H_
