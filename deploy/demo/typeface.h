// A typeface from which single characters are drawn as square grey-scale images.
#ifndef ENGRAM_DEPLOY_DEMO_TYPEFACE_H_
#define ENGRAM_DEPLOY_DEMO_TYPEFACE_H_

#include <ft2build.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include FT_FREETYPE_H

namespace engram::demo {

constexpr int kImageSize = 28;

// Pixels row by row from the top, from -1 (paper) to 1 (ink).
using Image = std::array<float, kImageSize * kImageSize>;

// Not thread-safe.
class Typeface {
 public:
  // Empty if the file is not a scalable font.
  static std::optional<Typeface> Open(const std::string& path);

  // Not assignable: the library would be closed before the face that lives in it.
  Typeface(Typeface&&) = default;

  // The character centred in the image, all characters of a typeface at the same scale. Empty if the
  // typeface does not have it, or if it leaves no ink or does not fit.
  std::optional<Image> Draw(char32_t character);

 private:
  struct Closer {
    void operator()(FT_Library library) const { FT_Done_FreeType(library); }
    void operator()(FT_Face face) const { FT_Done_Face(face); }
  };
  using Library = std::unique_ptr<FT_LibraryRec_, Closer>;
  using Face = std::unique_ptr<FT_FaceRec_, Closer>;

  Typeface(Library library, Face face) : library_(std::move(library)), face_(std::move(face)) {}

  Library library_;  // Declared first: it must outlive the face.
  Face face_;
};

}  // namespace engram::demo

#endif  // ENGRAM_DEPLOY_DEMO_TYPEFACE_H_
