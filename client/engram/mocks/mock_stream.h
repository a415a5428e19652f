#ifndef ENGRAM_CLIENT_MOCKS_MOCK_STREAM_H_
#define ENGRAM_CLIENT_MOCKS_MOCK_STREAM_H_

#include <gmock/gmock.h>

#include "engram/stream.h"

namespace engram {

// A Stream for tests of code that uses one.
template <typename Request, typename Response>
class MockStream : public Stream<Request, Response> {
 public:
  MOCK_METHOD(bool, Write, (const Request&), (override));
  MOCK_METHOD(void, WritesDone, (), (override));
  MOCK_METHOD(bool, Read, (Response*), (override));
  MOCK_METHOD(void, Cancel, (), (override));
  MOCK_METHOD(absl::Status, Finish, (), (override));
};

}  // namespace engram

#endif  // ENGRAM_CLIENT_MOCKS_MOCK_STREAM_H_
