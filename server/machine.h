#ifndef ENGRAM_SERVER_MACHINE_H_
#define ENGRAM_SERVER_MACHINE_H_

#include <cstdint>
#include <string>

namespace engram {

// Bytes of memory that this process may use: the container's limit if there is one, else the machine's.
int64_t UsableMemoryBytes();

// The processor's name as it calls itself; empty: unknown.
std::string ProcessorName();

}  // namespace engram

#endif  // ENGRAM_SERVER_MACHINE_H_
