#ifndef ENGRAM_CORE_BASE_HOST_DEVICE_H_
#define ENGRAM_CORE_BASE_HOST_DEVICE_H_

// Of functions that run on the host and on a device alike.
#ifdef __CUDACC__
#define ENGRAM_HOST_DEVICE __host__ __device__
#else
#define ENGRAM_HOST_DEVICE
#endif

#endif  // ENGRAM_CORE_BASE_HOST_DEVICE_H_
