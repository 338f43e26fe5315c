// Which accesses are ordered before which: vector clocks over the threads of one cluster.
//
// Happens-before as in FastTrack (Flanagan and Freund, PLDI 2009): an access is stamped with its
// thread and that thread's clock; a later access by another thread is ordered after it when that
// thread has since learnt of the stamp's clock through barriers or acquire/release pairs. Threads
// that met at a barrier share one immutable Knowledge, so a block-wide barrier costs a few
// microseconds, not threads squared.
//
// One operating system thread; values only, no failure but a clock that overflows (`exhausted`).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace perftune::emulation {

// (thread of the cluster, its clock). Default: "never", ordered before everything.
class Stamp {
 public:
  static constexpr unsigned kThreadBits = 12;  // 4096 threads in a cluster
  static constexpr unsigned kClockBits = 20;   // a million synchronisations per thread
  static constexpr std::uint32_t kLastClock = (1u << kClockBits) - 1;

  Stamp() = default;
  Stamp(unsigned thread, std::uint32_t clock) : bits_(thread << kClockBits | clock) {}
  unsigned thread() const { return bits_ >> kClockBits; }
  std::uint32_t clock() const { return bits_ & kLastClock; }
  bool operator==(const Stamp&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

// The newest clock of each thread that one is ordered after; `fenced`: the same, as far as a proxy
// fence lies between (PTX ISA 8.11, proxy-preserved base causality order); `others` speaks of other
// clusters.
struct Knowledge {
  std::vector<std::uint32_t> clocks;
  std::vector<std::uint32_t> fenced;  // empty: no fence yet
  std::map<unsigned, std::vector<std::uint32_t>> others;
  void learn(const Knowledge& more);
};
using KnowledgePtr = std::shared_ptr<const Knowledge>;

class Clocks {
 public:
  Clocks(unsigned cluster, unsigned threads);

  unsigned cluster() const { return cluster_; }
  unsigned threads() const { return static_cast<unsigned>(clock_.size()); }
  Stamp now(unsigned thread) const { return {thread, clock_[thread]}; }
  bool ordered(Stamp earlier, unsigned thread) const {
    return earlier.thread() == thread || seen_[thread][earlier.thread()] >= earlier.clock();
  }
  // The same for a stamp of another cluster.
  bool ordered(unsigned cluster, Stamp earlier, unsigned thread) const;

  // A proxy fence by `thread`: what it has done and seen reaches the asynchronous proxy.
  void fence_proxy(unsigned thread);
  bool fenced(Stamp earlier, unsigned thread) const {
    const auto& seen = knowledge_[thread]->fenced;
    return earlier.thread() < seen.size() && seen[earlier.thread()] >= earlier.clock();
  }

  // What `thread` knows, itself included, as of now; its later accesses are newer than that.
  Knowledge publish(unsigned thread);
  void acquire(unsigned thread, KnowledgePtr knowledge);  // replaces: must contain its own
  void learn(unsigned thread, const Knowledge& more);
  const KnowledgePtr& knowledge(unsigned thread) const { return knowledge_[thread]; }
  bool exhausted() const { return exhausted_; }

 private:
  friend class Meeting;
  unsigned cluster_;
  std::vector<std::uint32_t> clock_;
  std::vector<KnowledgePtr> knowledge_;
  std::vector<const std::uint32_t*> seen_;  // knowledge_[t]->clocks.data(): the hot path
  bool exhausted_ = false;
};

// Threads that arrive somewhere and learn of each other: one phase of a barrier.
class Meeting {
 public:
  void arrive(Clocks& clocks, unsigned thread);
  // Adds one asynchronous access alone: who meets here learns that it is done.
  void add(Stamp access, unsigned threads);
  // What all that arrived know; the meeting is empty again.
  KnowledgePtr close();

 private:
  Knowledge merged_;
  std::vector<const Knowledge*> sources_;  // already merged
  std::vector<KnowledgePtr> keep_;         // owners of `sources_`
};

}  // namespace perftune::emulation
