// write_sample_models FOLDER: the sample models as files, for tests of the command.
#include <string>

#include "tests/models/sample_models.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = std::string(argv[1]) + "/";
  perftune::testing::attention_block().write(folder + "attention.onnx");
  perftune::testing::convolutions().write(folder + "convolutions.onnx");
  perftune::testing::branches().write(folder + "branches.onnx");
  perftune::testing::two_products().write(folder + "products.onnx");
  perftune::testing::odd_operators().write(folder + "odd.onnx");
  return 0;
}
