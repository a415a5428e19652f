#ifndef ENGRAM_TESTS_CORE_ENGINE_DEVICE_UNDER_TEST_H_
#define ENGRAM_TESTS_CORE_ENGINE_DEVICE_UNDER_TEST_H_

#include "core/sweep/sweeper.h"

namespace engram {

// A build of a test links one of no_device.cc and cuda_device.cc.

// Whether the test is about a device, and says nothing without.
bool NeedsDevice();
// The backend of the device, which sweeps on it whatever it can, however small; null: there is none. There is
// one in the process, for ever.
Sweeper* DeviceUnderTest();

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_DEVICE_UNDER_TEST_H_
