// engram_echo_server: a gRPC callback server that does nothing, in a process of its own.

#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "echo.grpc.pb.h"

namespace engram::bench {
namespace {

constexpr int kMaxPayloadBytes = 1 << 20;

class EchoService : public Echo::CallbackService {
 public:
  grpc::ServerUnaryReactor* Call(grpc::CallbackServerContext* context, const EchoRequest* request,
                                 EchoResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const int bytes = request->response_payload_bytes();
    if (bytes < 0 || bytes > kMaxPayloadBytes) {
      reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, "response_payload_bytes: got " +
                                                               std::to_string(bytes) + ", allowed 0 to " +
                                                               std::to_string(kMaxPayloadBytes)});
      return reactor;
    }
    response->mutable_payload()->resize(bytes);
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

// The port as text; readers see all of it or nothing.
bool WritePortFile(const std::string& path, int port) {
  const std::string partial = path + ".partial";
  std::ofstream(partial) << port << "\n";
  return std::rename(partial.c_str(), path.c_str()) == 0;
}

int Main(int argc, char** argv) {
  CLI::App app("engram_echo_server: answers unary calls with zeros until SIGTERM.", "engram_echo_server");
  std::string listen = "127.0.0.1:0";
  std::string port_file;
  app.add_option("--listen", listen, "Address to serve on; port 0 takes a free one.")->capture_default_str();
  app.add_option("--port-file", port_file, "Write the port here once the server answers.")->required();
  CLI11_PARSE(app, argc, argv);

  // Blocked before any thread is made, so that only sigwait sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0 || !WritePortFile(port_file, port)) {
    std::fprintf(stderr, "engram_echo_server: cannot listen on '%s' or write '%s'\n", listen.c_str(),
                 port_file.c_str());
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown();
  return 0;
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) { return engram::bench::Main(argc, argv); }
