// An exported kernel: source files that need nothing of perftune, for one operator at one shape.
//
//   NAME.cpp | NAME.cu   the kernel with every device header inlined, in a namespace of its own
//   NAME.h               C: its argument struct in order, launch geometry, how to call it
//   main.cpp | main.cu   draws inputs, runs the kernel, compares with a float64 reference
//   check.hpp            what main draws and compares with
//   check_data.h         the reference's values at sampled elements, with their rounding ranges
//
// Two exports link into one program: every name with external linkage starts with NAME. Texts of a
// store (operator and tensor names) reach the files as identifiers or as plain comment text only,
// whatever they hold. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/bundle/check.hpp"
#include "codegen/kernel.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct BundleFile {
  std::string name;
  std::string text;
};

// What an input is drawn from: element i is stored_values[next % size] (check::draw).
struct DrawnInput {
  int tensor = -1;  // Operator::tensors position
  std::uint64_t seed = 0;
  std::vector<std::uint64_t> stored_values;  // in the tensor's type, little endian
};

struct ExpectedOutput {
  int tensor = -1;
  std::vector<check::Element> elements;
};

struct Bundle {
  const Operator& op;
  Kernel kernel;  // as emitted
  Launch launch;
  std::string device;      // for whom it was tuned, for comments
  std::string provenance;  // one line: its time and where that comes from
  std::string build;       // the command that builds main
  std::vector<DrawnInput> inputs;
  std::vector<ExpectedOutput> outputs;
};

// "bert_ffn_up_4f5a0012": a C identifier from the operator's name and the kernel's id.
std::string bundle_name(const Operator& op, const Kernel& kernel);

// The kernel complete in one text, its entry point renamed to `name`_kernel, without the host part
// that the file of a CUDA kernel ends with: what NVRTC makes the cubin from.
Kernel standalone_kernel(const Kernel& kernel, const std::string& name);

std::vector<BundleFile> bundle_files(const Bundle& bundle);

// "u8" for booleans, "f32" for tf32; others as they are called.
check::Type check_type(DType type);

// Letters, digits and the punctuation of shapes and programs; everything else becomes '?', so that
// a text can neither end a comment nor continue its line.
std::string comment_text(std::string_view text);

}  // namespace perftune
