#include "executor/emulation/bank_conflicts.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace perftune::emulation {

void BankConflicts::record(const ThreadView& view, const void* site, unsigned offset,
                           unsigned bytes) {
  const auto [x, y, z] = std::tie(view.block[0], view.block[1], view.block[2]);
  const unsigned visit = visits_[{x, y, z, view.thread, site}]++;
  accesses_[{x, y, z, view.thread / 32, site, visit}].push_back({view.thread % 32, offset, bytes});
}

BankConflicts::Summary BankConflicts::summary() const {
  Summary total;
  for (const auto& [key, lanes] : accesses_) {
    ++total.accesses;
    const unsigned width = std::max(4u, lanes.front().bytes);
    const unsigned lanes_per_phase = 32 * 4 / width;
    for (unsigned first = 0; first < 32; first += lanes_per_phase) {
      std::array<std::set<unsigned>, 32> words;
      bool any = false;
      for (const LaneAccess& access : lanes) {
        if (access.lane < first || access.lane >= first + lanes_per_phase) continue;
        any = true;
        for (unsigned at = access.offset / 4; at <= (access.offset + access.bytes - 1) / 4; ++at)
          words[at % 32].insert(at);
      }
      if (!any) continue;
      std::size_t most = 0;
      for (const auto& bank : words) most = std::max(most, bank.size());
      ++total.ideal;
      total.wavefronts += most;
      total.worst = std::max(total.worst, static_cast<unsigned>(most));
    }
  }
  return total;
}

}  // namespace perftune::emulation
