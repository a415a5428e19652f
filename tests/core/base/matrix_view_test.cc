#include "core/base/matrix_view.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MatrixViewTest, RowsLieOneAfterTheOther) {
  std::vector<int> data = {1, 2, 3, 4, 5, 6};
  const MatrixView<int> view(data.data(), 2, 3);
  EXPECT_EQ(view.rows(), 2);
  EXPECT_EQ(view.cols(), 3);
  EXPECT_EQ(view.size(), 6);
  EXPECT_EQ(view.data(), data.data());
  EXPECT_THAT(view.row(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(view.row(1), ElementsAre(4, 5, 6));
}

TEST(MatrixViewTest, WritesGoToTheOwner) {
  std::vector<float> data(4);
  const MatrixView<float> view(data.data(), 2, 2);
  view.row(1)[0] = 7;
  EXPECT_THAT(data, ElementsAre(0, 0, 7, 0));
}

TEST(MatrixViewTest, ConstElementsCannotBeWritten) {
  const std::vector<double> data = {1, 2};
  const MatrixView<const double> view(data.data(), 1, 2);
  static_assert(std::is_same_v<decltype(view.row(0)), absl::Span<const double>>);
  EXPECT_THAT(view.row(0), ElementsAre(1, 2));
}

TEST(MatrixViewTest, DefaultIsEmpty) {
  const MatrixView<float> view;
  EXPECT_EQ(view.rows(), 0);
  EXPECT_EQ(view.cols(), 0);
  EXPECT_EQ(view.size(), 0);
}

TEST(MatrixViewTest, RowsMayHaveNoColumns) {
  const MatrixView<float> view(nullptr, 3, 0);
  EXPECT_EQ(view.size(), 0);
  EXPECT_THAT(view.row(2), IsEmpty());
}

TEST(MatrixViewTest, SizesBeyond32BitsAreCounted) {
  const MatrixView<const float> view(nullptr, 3'000'000, 4096);
  EXPECT_EQ(view.size(), int64_t{12'288'000'000});
}

}  // namespace
}  // namespace engram
