#ifndef ENGRAM_SERVER_ALLOCATOR_H_
#define ENGRAM_SERVER_ALLOCATOR_H_

namespace engram {

// Has the C library give freed memory back to the system, of all but small allocations at once. Left to
// itself it keeps what large requests and deleted banks took, and takes more beside it: several times the
// memory that the budget knows of. To be called before there are threads.
void ReturnFreedMemory();

}  // namespace engram

#endif  // ENGRAM_SERVER_ALLOCATOR_H_
