// Stores three letters of 5 x 5 pixels and recalls one of them from a damaged copy.
//
//   quickstart [HOST:PORT]

#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#include "engram/client.h"

constexpr const char* kNames[] = {"T", "L", "X"};
constexpr std::string_view kPictures[] = {"#####..#....#....#....#..",  //
                                          "#....#....#....#....#####",  //
                                          "#...#.#.#...#...#.#.#...#"};
constexpr std::string_view kDamaged = "###....#.........#.......";

// Ends the program if there is no value.
template <typename T>
T ValueOrExit(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::cerr << "quickstart: " << result.status() << "\n";
  std::exit(EXIT_FAILURE);
}

// Appends 1 for each '#' and -1 for each '.'.
void AppendPixels(const std::string_view picture, std::vector<float>* pixels) {
  for (const char pixel : picture) pixels->push_back(pixel == '#' ? 1 : -1);
}

int main(int argc, char** argv) {
  engram::ConnectionOptions options;
  if (argc > 1) options.target = argv[1];
  const engram::Client client = engram::Client::Connect(options);

  engram::v1::CreateBankRequest bank;
  bank.set_name("letters");
  bank.set_dim(25);
  ValueOrExit(client.CreateBank(bank));

  engram::v1::StoreRequest letters;
  letters.set_bank("letters");
  std::vector<float> patterns;
  for (const std::string_view picture : kPictures) AppendPixels(picture, &patterns);
  *letters.mutable_patterns() = engram::ToMatrix(patterns, 25);
  for (const char* name : kNames) letters.add_payloads(name);
  ValueOrExit(client.Store(letters));

  engram::v1::RetrieveRequest cue;
  cue.set_bank("letters");
  std::vector<float> query;
  AppendPixels(kDamaged, &query);
  *cue.mutable_queries() = engram::ToMatrix(query, 25);
  cue.mutable_support_parts()->set_payloads(true);
  const engram::v1::RetrieveResponse response = ValueOrExit(client.Retrieve(cue));

  const std::vector<float> recalled = ValueOrExit(engram::ToValues(response.states()));
  std::cout << "cue     recalled\n";
  for (int row = 0; row < 5; ++row) {
    std::cout << kDamaged.substr(5 * row, 5) << "   ";
    for (int column = 0; column < 5; ++column) std::cout << (recalled[5 * row + column] > 0 ? '#' : '.');
    std::cout << "\n";
  }
  const engram::v1::Retrieval& retrieval = response.retrievals(0);
  std::cout << "This is '" << retrieval.support_payloads(0) << "', weight " << retrieval.support_weights(0)
            << ", after " << retrieval.iterations() << " updates; energy " << retrieval.energy_before()
            << " -> " << retrieval.energy_after() << ".\n";
  return client.DeleteBank("letters").ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
