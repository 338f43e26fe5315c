// A vendor's GPU library as a baseline: one operator by each algorithm that the library proposes.
//
// gpu_vendors() asks each library that this program knows (cuBLASLt for products, cuDNN for convolutions
// and softmax) whether it is here and takes the operator; what it says otherwise is kept for the user.
// Results are the caller's to verify: a proposed algorithm may be wrong or refuse.
//
// Call order: gpu_vendors with the operator's tensors loaded on the device, then enqueue any number of
// times. Vendors must not outlive the device. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codegen/tile_program.hpp"
#include "executor/cuda_device.hpp"
#include "executor/vendor_library.hpp"
#include "recipes/operator.hpp"

namespace perftune {

class GpuVendor {
 public:
  virtual ~GpuVendor() = default;

  virtual std::string name() const = 0;  // "cuBLASLt"
  virtual int algorithms() const = 0;    // at least 1
  // For reports: the library's version and what the algorithm takes.
  virtual std::string describe(int algorithm) const = 0;
  // The algorithm as a program that is emitted, kept and launched like our own; nullopt: it is a baseline alone.
  virtual std::optional<TileProgram> program(int algorithm) const = 0;

  // Puts the operator once into the stream (nullptr: the device's own), on the tensors that `device` has
  // loaded; what the library refuses comes back as launch_failed.
  virtual std::optional<Failure> enqueue(CudaDevice& device, int algorithm, cuda::Stream stream) = 0;
};

// Opens the library of a GPU's target where `search` finds it, to stay: emitted calls look for it by name, and find
// what is open before what the loader's path has. Not found is for them to say.
void open_gpu_vendor(const LibrarySearch& search, std::string_view target);

// Why a program of such a target cannot run here: no library, or of another version. nullopt: it can.
std::optional<std::string> gpu_vendor_missing(const LibrarySearch& search, const TileProgram& program);

// Those that take `op`. `missing` gets one line for each other.
std::vector<std::unique_ptr<GpuVendor>> gpu_vendors(const LibrarySearch& search, CudaDevice& device,
                                                    const Operator& op, std::vector<std::string>& missing);

}  // namespace perftune
