// Draws the characters of a few typefaces and damages some of them: the data of the demo.
//
//   engram_glyphs FONT_DIRECTORY OUTPUT_DIRECTORY
//
// writes into the output directory
//
//   glyphs.npy, glyphs.txt   the patterns [N, 784] and what each shows, one line per pattern
//   half.npy, half.txt       cues of which the bottom half is missing, and what each should recall
//   noisy.npy, noisy.txt     cues under heavy noise, and what each should recall
//   ask_half.npy, ask_noisy.npy, ask_mixed.npy   one cue each, to look at
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "deploy/demo/cues.h"
#include "deploy/demo/npy_writer.h"
#include "deploy/demo/typeface.h"

namespace engram::demo {
namespace {

// Three quarters of the distance between paper and ink: hard to read for people too.
constexpr float kNoise = 1.5f;

// Cues are made of every kCueStride-th pattern.
constexpr std::size_t kCueStride = 10;

// Two images that differ by less than four full pixels are the same to the eye, such as the Latin, Greek
// and Cyrillic A: the second is not stored. (A full pixel, paper against ink, contributes 2^2.)
constexpr float kSmallestSquaredDistance = 4 * 4.0f;

constexpr std::pair<const char*, const char*> kTypefaces[] = {
    {"DejaVuSans.ttf", "Sans"},
    {"DejaVuSerif.ttf", "Serif"},
    {"DejaVuSansMono.ttf", "Mono"},
    {"DejaVuSans-Bold.ttf", "Sans Bold"},
    {"DejaVuSerif-Bold.ttf", "Serif Bold"},
};

constexpr std::pair<char32_t, char32_t> kCharacters[] = {
    {U'!', U'~'},            // ASCII
    {U'\u00a1', U'\u00ff'},  // Latin-1
    {U'\u0391', U'\u03c9'},  // Greek
    {U'\u0410', U'\u044f'},  // Cyrillic
    {U'\u2190', U'\u2195'},  // arrows
    {U'\u2200', U'\u222b'},  // mathematics
    {U'\u2654', U'\u2667'},  // chess pieces and card suits
};

struct Glyph {
  std::string label;
  Image image;
};

std::string Utf8(char32_t character) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  if (character < 0x80) return {byte(character)};
  if (character < 0x800) return {byte(0xc0 | character >> 6), byte(0x80 | (character & 0x3f))};
  return {byte(0xe0 | character >> 12), byte(0x80 | (character >> 6 & 0x3f)),
          byte(0x80 | (character & 0x3f))};
}

bool LooksLike(const Image& a, const Image& b) {
  float squared_distance = 0.0f;
  for (std::size_t i = 0; i < a.size(); ++i) squared_distance += (a[i] - b[i]) * (a[i] - b[i]);
  return squared_distance < kSmallestSquaredDistance;
}

bool IsNew(const Image& image, const std::vector<Glyph>& glyphs) {
  for (const Glyph& glyph : glyphs) {
    if (LooksLike(image, glyph.image)) return false;
  }
  return true;
}

// Empty if a typeface cannot be opened.
std::vector<Glyph> DrawGlyphs(const std::string& font_directory) {
  std::vector<Glyph> glyphs;
  for (const auto& [file, name] : kTypefaces) {
    std::optional<Typeface> typeface = Typeface::Open(font_directory + "/" + file);
    if (!typeface.has_value()) {
      std::fprintf(stderr, "engram_glyphs: cannot open %s/%s\n", font_directory.c_str(), file);
      return {};
    }
    for (const auto& [first, last] : kCharacters) {
      for (char32_t character = first; character <= last; ++character) {
        std::optional<Image> image = typeface->Draw(character);
        if (!image.has_value() || !IsNew(*image, glyphs)) continue;
        glyphs.push_back({Utf8(character) + " " + name, *image});
      }
    }
  }
  return glyphs;
}

const Image* FindImage(const std::vector<Glyph>& glyphs, const std::string& label) {
  for (const Glyph& glyph : glyphs) {
    if (glyph.label == label) return &glyph.image;
  }
  std::fprintf(stderr, "engram_glyphs: no glyph %s\n", label.c_str());
  return nullptr;
}

// NAME.npy and NAME.txt.
bool Write(const std::string& name, const std::vector<Glyph>& glyphs) {
  std::vector<Image> images;
  std::ofstream labels(name + ".txt");
  for (const Glyph& glyph : glyphs) {
    images.push_back(glyph.image);
    labels << glyph.label << '\n';
  }
  labels.close();
  return labels.good() && WriteNpy(name + ".npy", images);
}

bool WriteAll(const std::vector<Glyph>& glyphs, const std::string& directory) {
  std::mt19937 random(1982);
  std::vector<Glyph> half;
  std::vector<Glyph> noisy;
  for (std::size_t i = 0; i < glyphs.size(); i += kCueStride) {
    half.push_back({glyphs[i].label, HalfMasked(glyphs[i].image)});
    noisy.push_back({glyphs[i].label, Noisy(glyphs[i].image, kNoise, random)});
  }
  const Image* masked = FindImage(glyphs, "@ Sans");
  const Image* drowned = FindImage(glyphs, "g Serif");
  const Image* first = FindImage(glyphs, "♞ Sans");
  const Image* second = FindImage(glyphs, "Ω Sans");
  if (masked == nullptr || drowned == nullptr || first == nullptr || second == nullptr) return false;
  return Write(directory + "/glyphs", glyphs) && Write(directory + "/half", half) &&
         Write(directory + "/noisy", noisy) && WriteNpy(directory + "/ask_half.npy", {HalfMasked(*masked)}) &&
         WriteNpy(directory + "/ask_noisy.npy", {Noisy(*drowned, kNoise, random)}) &&
         WriteNpy(directory + "/ask_mixed.npy", {Mixed(*first, *second)});
}

}  // namespace
}  // namespace engram::demo

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: engram_glyphs FONT_DIRECTORY OUTPUT_DIRECTORY\n");
    return 2;
  }
  const std::vector<engram::demo::Glyph> glyphs = engram::demo::DrawGlyphs(argv[1]);
  if (glyphs.empty()) return 1;
  if (!engram::demo::WriteAll(glyphs, argv[2])) {
    std::fprintf(stderr, "engram_glyphs: cannot write to %s\n", argv[2]);
    return 1;
  }
  std::printf("%zu glyphs of %d x %d pixels in %s\n", glyphs.size(), engram::demo::kImageSize,
              engram::demo::kImageSize, argv[2]);
  return 0;
}
