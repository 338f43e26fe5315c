#include "executor/emulation/mbarrier.hpp"

namespace perftune::emulation {

const char* MBarrier::arrive(Clocks& clocks, unsigned thread, unsigned expected_bytes) {
  if (pending_ == 0) return "more arrivals in one phase than the mbarrier was initialised with";
  bytes_ += expected_bytes;
  meeting_.arrive(clocks, thread);
  --pending_;
  check_complete();
  return nullptr;
}

void MBarrier::bytes_arrived(const Clocks& clocks, Stamp issued, unsigned bytes) {
  bytes_ -= bytes;
  meeting_.add(issued, clocks.threads());
  check_complete();
}

void MBarrier::check_complete() {
  if (pending_ != 0 || bytes_ != 0) return;
  known_ = meeting_.close();
  pending_ = arrivals_;
  ++phase_;
}

}  // namespace perftune::emulation
