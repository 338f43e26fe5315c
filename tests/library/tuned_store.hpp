// A store with compiled kernels for this CPU, as `tune` leaves it, without measuring: times are made up.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "db/store.hpp"
#include "executor/perftune.h"
#include "executor/temporary_folder.hpp"
#include "executor/verification.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune::test {

// This CPU without its timing: what kernels are made for.
Hardware this_cpu();

Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k, const std::string& name = "ffn",
                const std::string& type = "f32");
// The same with another function than relu around it.
Operator matmul_with(const std::string& function, std::int64_t m, std::int64_t n, std::int64_t k);
Operator softmax(std::int64_t m, std::int64_t n);
// "plain": an f32 product and nothing else, which vendors' libraries take.
Operator product(std::int64_t m, std::int64_t n, std::int64_t k);

class TunedStore {
 public:
  using Compile = std::function<std::string(const Kernel&)>;
  // For this CPU, or for a GPU (cuda/simt) with somebody's way to make binaries.
  TunedStore();
  TunedStore(Hardware hardware, Compile compile);
  const std::string& path() const { return path_; }

  // Compiles program number `which` of those that are legal (0: the default) and makes it the winner with
  // `us`; the default is recorded beside it with `default_us`.
  TileProgram add(const Operator& op, int which = 1, double us = 10, double default_us = 12);
  // This very program as the winner, beside what is there.
  void win(const Operator& op, const TileProgram& program, double us);
  // The winner of `op` serves `dim` from low to high.
  void add_range(const Operator& op, const std::string& dim, std::int64_t low, std::int64_t high);
  void execute(const char* sql);  // to alter what is there

 private:
  std::string record(Store& store, OperatorId id, const Operator& op, const TileProgram& program, double us);
  TemporaryFolder folder_;
  std::string path_;
  Hardware hardware_;
  Compile compile_;
};

// Random inputs and poisoned outputs of `op` as tensors, and the check of what was written.
class Tensors {
 public:
  explicit Tensors(Operator op, std::uint64_t seed = 1);
  std::vector<const perftune_tensor*> pointers() const;
  perftune_tensor& operator[](std::size_t i) { return tensors_[i]; }
  std::size_t size() const { return tensors_.size(); }
  // nullopt: right by the float64 oracle.
  std::optional<std::string> wrong();
  void poison();

 private:
  Operator op_;
  Verifier verifier_;
  std::vector<std::vector<std::byte>> data_;
  std::vector<std::vector<std::int64_t>> shapes_;
  std::vector<perftune_tensor> tensors_;
};

}  // namespace perftune::test
