#include <engram/client.h>

#include <iostream>

int main(int, char** argv) {
  engram::ConnectionOptions options;
  options.target = argv[1];
  const auto capabilities = engram::Client::Connect(options).GetCapabilities();
  if (!capabilities.ok()) return 1;
  std::cout << "engramd " << capabilities->server_version() << "\n";
}
