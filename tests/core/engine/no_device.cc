#include "tests/core/engine/device_under_test.h"

namespace engram {

bool NeedsDevice() { return false; }
Sweeper* DeviceUnderTest() { return nullptr; }

}  // namespace engram
