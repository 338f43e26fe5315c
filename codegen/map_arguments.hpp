// The arguments of a canonical map's kernels: what map_printer.hpp names. Both the CPU's and the GPU's
// rules of the family declare theirs with it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codegen/argument_list.hpp"
#include "codegen/map.hpp"

namespace perftune {

class MapArguments {
 public:
  // Both outlive this.
  MapArguments(const Operator& op, const MapForm& form) : op_(op), form_(form) {}

  // Pointer arguments of every tensor: outputs first, then what is read, then index tensors.
  void tensors();
  void scalar(std::string_view name, std::int64_t value) { list_.scalar(name, value); }
  // Of the index under a prefix such as "e0". A term whose form is `unit` has no coefficient.
  void index(const std::string& prefix, const MapIndex& index, const std::vector<StrideForm>* form = nullptr);
  void coefficient(const std::string& prefix, const MapIndex& index, std::size_t axis);
  // Extent and index of every bound, under "<name>_b0", ...
  void bounds(const std::string& name, const MapAccess& access);
  // What follows the reads: values of axes, then every result's constants and index.
  void results();

  const ArgumentList& list() const { return list_; }

 private:
  void tensor(int position, bool writes);
  // Constants that follow the dimensions, in the order in which print_scalar comes by.
  void constants(const MapResult& result);

  const Operator& op_;
  const MapForm& form_;
  ArgumentList list_;
  int constants_ = 0;
};

// Everything that the kernel of a `cpu/simd` or `cuda/simt` program takes.
struct CpuMapTiles;
struct GpuMapTiles;
ArgumentList cpu_map_arguments(const Operator& op, const MapForm& form, const CpuMapTiles& tiles);
ArgumentList cuda_map_arguments(const Operator& op, const MapForm& form, const GpuMapTiles& tiles);

// How an operand changes along a run of the innermost axis, in a `cpu/simd` program.
enum class Along { invariant, contiguous, strided, anyhow, crossed };
Along along(const MapForm& form, const CpuMapTiles& tiles, const MapAccess& access);

}  // namespace perftune
