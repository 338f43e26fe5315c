#include "cli/kernel_choice.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "cli/trials.hpp"
#include "codegen/vendor/vendor_target.hpp"
#include "db/launchables.hpp"
#include "db/store.hpp"
#include "executor/cpu_vendor.hpp"
#include "executor/gpu_vendor.hpp"
#include "tuner/rank.hpp"

namespace perftune {
namespace {

// Winners of one store; opened once for all operators of a model.
class Winners {
 public:
  Winners(const std::string& path, const Hardware& hardware, const Slices& slices, const VendorCheck& cannot_call)
      : path_(path), device_(hardware), slices_(slices), cannot_call_(cannot_call) {
    if (!std::filesystem::exists(path)) return;
    StoreOptions open;
    open.mode = StoreMode::read_only;
    store_.emplace(path, open);
    hardware_ = store_->find_hardware(describe(hardware));
  }

  std::optional<KernelChoice> find(const Operator& op) {
    if (!hardware_) return std::nullopt;
    const auto winner = store_->winner(op.signature(), *hardware_);
    if (!winner) return of_range(op);
    TileProgram program = TileProgram::parse(winner->kernel.program);
    const auto missing = is_vendor(program.target) ? cannot_call_(program) : std::nullopt;
    if (!missing) return KernelChoice{op, std::move(program), fmt::format("winner ({}) of {}", name(winner->basis), path_)};
    auto own = own_winner(*store_, op.signature(), *hardware_);
    if (!own) return std::nullopt;
    return KernelChoice{op, std::move(own->program),
                        fmt::format("winner ({}) among our own of {}; {} would be faster: {}", name(own->basis), path_,
                                    program.target, *missing)};
  }

 private:
  // The winner of the tuned point whose range of a dynamic dimension holds `op`, as in the executor's buckets.
  std::optional<KernelChoice> of_range(const Operator& op) {
    Launchables rows(store_->database());
    for (const StoredRange& range : rows.ranges_like(op.structure(), *hardware_)) {
      Dims tuned = rows.dims(range.choice.op);
      const Dims here = op.base_dims();
      const auto dynamic = here.find(range.dim);
      if (dynamic == here.end() || dynamic->second < range.low || dynamic->second > range.high) continue;
      if (std::ranges::any_of(here, [&](const auto& d) { return d.first != range.dim && tuned[d.first] != d.second; })) continue;
      TileProgram program = TileProgram::parse(range.choice.program);
      if (is_vendor(program.target) || rank_programs(op, device_, slices_, {program}).candidates.empty()) continue;
      return KernelChoice{op, std::move(program),
                          fmt::format("winner of {0}={1} in {2}, which serves {0} = {3}..{4}", range.dim, tuned[range.dim], path_,
                                      range.low, range.high)};
    }
    return std::nullopt;
  }

  std::string path_;
  const Hardware& device_;
  const Slices& slices_;
  const VendorCheck& cannot_call_;
  std::optional<Store> store_;
  std::optional<HardwareId> hardware_;
};

}  // namespace

std::optional<OwnWinner> own_winner(Store& store, const std::string& signature, HardwareId hardware) {
  if (const auto winner = store.winner(signature, hardware); winner && !is_vendor(winner->kernel.target))
    return OwnWinner{winner->kernel.id, TileProgram::parse(winner->kernel.program), winner->basis};
  const auto op = store.find_operator(signature);
  if (!op) return std::nullopt;
  const auto own = Launchables(store.database()).runner_up(static_cast<std::int64_t>(*op), hardware);
  if (!own) return std::nullopt;
  return OwnWinner{own->kernel, TileProgram::parse(own->program), own->basis};
}

VendorCheck library_check(const Context& context) {
  return [search = cuda_search(context)](const TileProgram& program) {
    const VendorTarget* const vendor = find_vendor(program.target);
    return vendor != nullptr && vendor->gpu ? gpu_vendor_missing(search, program) : cpu_vendor_missing(program);
  };
}

std::vector<KernelChoice> choose_kernels(const Operator& op, const Hardware& hardware, const Slices& slices,
                                         const std::string& store, const VendorCheck& cannot_call, const std::string& advice,
                                         std::string& why_not) {
  Winners winners(store, hardware, slices, cannot_call);
  if (auto winner = winners.find(op)) return {*std::move(winner)};
  KernelPlan plan = plan_kernels(op, hardware, slices);
  why_not = plan.why_not;
  std::vector<KernelChoice> choices;
  for (KernelPlan::Part& part : plan.parts) {
    auto choice = plan.split() ? winners.find(part.op) : std::nullopt;
    if (!choice) choice = KernelChoice{part.op, part.ranking.candidates.front().program, "best prediction; " + advice};
    choices.push_back(*std::move(choice));
  }
  return choices;
}

}  // namespace perftune
