#include "executor/emulation/clocks.hpp"

#include <algorithm>
#include <utility>

namespace perftune::emulation {

namespace {

void raise(std::vector<std::uint32_t>& to, const std::vector<std::uint32_t>& from) {
  if (to.size() < from.size()) to.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = std::max(to[i], from[i]);
}

}  // namespace

void Knowledge::learn(const Knowledge& more) {
  raise(clocks, more.clocks);
  raise(fenced, more.fenced);
  for (const auto& [cluster, seen] : more.others) raise(others[cluster], seen);
}

Clocks::Clocks(unsigned cluster, unsigned threads) : cluster_(cluster), clock_(threads, 1) {
  auto nothing = std::make_shared<Knowledge>();
  nothing->clocks.resize(threads);
  knowledge_.assign(threads, nothing);
  seen_.assign(threads, nothing->clocks.data());
}

bool Clocks::ordered(unsigned cluster, Stamp earlier, unsigned thread) const {
  if (cluster == cluster_) return ordered(earlier, thread);
  const auto& others = knowledge_[thread]->others;
  const auto found = others.find(cluster);
  return found != others.end() && earlier.thread() < found->second.size() &&
         found->second[earlier.thread()] >= earlier.clock();
}

Knowledge Clocks::publish(unsigned thread) {
  Knowledge known = *knowledge_[thread];
  known.clocks[thread] = clock_[thread];
  if (++clock_[thread] == Stamp::kLastClock) exhausted_ = true;
  return known;
}

void Clocks::acquire(unsigned thread, KnowledgePtr knowledge) {
  knowledge_[thread] = std::move(knowledge);
  seen_[thread] = knowledge_[thread]->clocks.data();
}

void Clocks::learn(unsigned thread, const Knowledge& more) {
  auto known = std::make_shared<Knowledge>(*knowledge_[thread]);
  known->learn(more);
  if (const auto own = known->others.find(cluster_); own != known->others.end()) {
    raise(known->clocks, own->second);
    known->others.erase(own);
  }
  acquire(thread, std::move(known));
}

void Clocks::fence_proxy(unsigned thread) {
  auto known = std::make_shared<Knowledge>(publish(thread));
  raise(known->fenced, known->clocks);
  acquire(thread, std::move(known));
}

void Meeting::add(Stamp access, unsigned threads) {
  if (merged_.clocks.size() < threads) merged_.clocks.resize(threads);
  std::uint32_t& clock = merged_.clocks[access.thread()];
  clock = std::max(clock, access.clock());
}

void Meeting::arrive(Clocks& clocks, unsigned thread) {
  const KnowledgePtr& known = clocks.knowledge_[thread];
  if (std::find(sources_.begin(), sources_.end(), known.get()) == sources_.end()) {
    merged_.learn(*known);
    sources_.push_back(known.get());
    keep_.push_back(known);
  }
  std::uint32_t& own = clocks.clock_[thread];
  merged_.clocks[thread] = own;
  if (++own == Stamp::kLastClock) clocks.exhausted_ = true;
}

KnowledgePtr Meeting::close() {
  auto result = std::make_shared<Knowledge>(std::move(merged_));
  merged_ = {};
  sources_.clear();
  keep_.clear();
  return result;
}

}  // namespace perftune::emulation
