#include "cli/kernel_choice.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "db/store.hpp"

namespace perftune {
namespace {

// Winners of one store; opened once for all operators of a model.
class Winners {
 public:
  Winners(const std::string& path, const Hardware& hardware) : path_(path) {
    if (!std::filesystem::exists(path)) return;
    StoreOptions open;
    open.mode = StoreMode::read_only;
    store_.emplace(path, open);
    hardware_ = store_->find_hardware(describe(hardware));
  }

  std::optional<KernelChoice> find(const Operator& op) {
    if (!hardware_) return std::nullopt;
    const auto winner = store_->winner(op.signature(), *hardware_);
    if (!winner) return std::nullopt;
    return KernelChoice{op, TileProgram::parse(winner->kernel.program),
                        fmt::format("winner ({}) of {}", name(winner->basis), path_)};
  }

 private:
  std::string path_;
  std::optional<Store> store_;
  std::optional<HardwareId> hardware_;
};

}  // namespace

std::vector<KernelChoice> choose_kernels(const Operator& op, const Hardware& hardware, const Slices& slices,
                                         const std::string& store, const std::string& advice, std::string& why_not) {
  Winners winners(store, hardware);
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
