// The build without libonnx: says so.
#include "models/onnx_file.hpp"
#include "recipes/error.hpp"

namespace perftune {

bool reads_onnx() { return false; }

Model read_onnx(const std::string& path) {
  throw Error(ErrorKind::unavailable,
              path + ": this build reads no ONNX; install libonnx-dev and libprotobuf-dev (scripts/setup) and build again");
}

}  // namespace perftune
