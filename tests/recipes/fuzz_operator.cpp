// libFuzzer entry: whatever the bytes are, an operator file is read or refused with Error{usage},
// in bounded time and stack. What is accepted must survive its own functions.
//
// Build with clang and -DPERFTUNE_FUZZ=ON; run
//   build/fuzz/tests/recipes/fuzz_operator -dict=tests/recipes/operator.dict CORPUS recipes/ops
//   recipes/library
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto points = perftune::parse_operator_text(text, "fuzz.yaml");
    const perftune::Operator& op = points.front().op;
    if (op.statements.empty() || op.flops() < 0 || op.compulsory_bytes() < 0) std::abort();
    if (op.rebind(op.base_dims()).signature() != op.signature()) std::abort();
  } catch (const perftune::Error& error) {
    if (error.kind() != perftune::ErrorKind::usage) std::abort();
  }
  return 0;
}
