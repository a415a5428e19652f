#include "deploy/demo/typeface.h"

#include <utility>

namespace engram::demo {
namespace {

// The tallest size at which the capitals with accents of DejaVu still fit.
constexpr int kPixelsPerEm = 24;

}  // namespace

std::optional<Typeface> Typeface::Open(const std::string& path) {
  FT_Library raw_library = nullptr;
  if (FT_Init_FreeType(&raw_library) != 0) return std::nullopt;
  Library library(raw_library);
  FT_Face raw_face = nullptr;
  if (FT_New_Face(library.get(), path.c_str(), 0, &raw_face) != 0) return std::nullopt;
  Face face(raw_face);
  if (FT_Set_Pixel_Sizes(face.get(), 0, kPixelsPerEm) != 0) return std::nullopt;
  return Typeface(std::move(library), std::move(face));
}

std::optional<Image> Typeface::Draw(char32_t character) {
  const FT_UInt index = FT_Get_Char_Index(face_.get(), character);
  // Without hinting the shapes do not depend on how FreeType was built.
  if (index == 0 || FT_Load_Glyph(face_.get(), index, FT_LOAD_RENDER | FT_LOAD_NO_HINTING) != 0) {
    return std::nullopt;
  }
  const FT_Bitmap& bitmap = face_->glyph->bitmap;
  const int width = static_cast<int>(bitmap.width);
  const int height = static_cast<int>(bitmap.rows);
  if (bitmap.pixel_mode != FT_PIXEL_MODE_GRAY || width == 0 || height == 0) return std::nullopt;
  if (width > kImageSize || height > kImageSize) return std::nullopt;

  Image image;
  image.fill(-1.0f);
  const int left = (kImageSize - width) / 2;
  const int top = (kImageSize - height) / 2;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const unsigned char ink = bitmap.buffer[y * bitmap.pitch + x];
      image[(top + y) * kImageSize + left + x] = static_cast<float>(ink) / 127.5f - 1.0f;
    }
  }
  return image;
}

}  // namespace engram::demo
