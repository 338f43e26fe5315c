// Fakes at the seams of the tune loop: a slice whose programs are numbered, and a runner that
// answers from a script. Nothing is compiled and nothing is timed.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <set>

#include "tuner/slices.hpp"
#include "tuner/trial_runner.hpp"

namespace perftune::replay {

inline TileProgram program(std::int64_t number) {
  return {"contraction", "cuda/fake", {{"number", number}}};
}

class FakeEmitter final : public Emitter {
 public:
  explicit FakeEmitter(std::string_view target = "cuda/fake") : target_(target) {}
  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return target_; }
  Reading read(const Operator&) const override {
    return {[](const TileProgram&, const Hardware&) { return std::nullopt; },
            [](const TileProgram&, const Hardware&) { return Resources{}; }};
  }
  Kernel emit(const Operator&, const TileProgram& program, const Hardware&) const override {
    Kernel kernel;
    kernel.program = program;
    kernel.entry = "fake";
    kernel.source = "// " + program.text();
    return kernel;
  }
  Launch bind(const Operator&, const TileProgram&, const Hardware&) const override { return {}; }
  Operator shrink(const Operator& op, const TileProgram&) const override { return op; }

 private:
  std::string_view target_;
};

// Proposes programs 0 .. count-1, `first` before the others: the family's default.
class FakeConstructor final : public Constructor {
 public:
  explicit FakeConstructor(int count, int first = 0) : count_(count), first_(first) {}
  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "cuda/fake"; }
  std::vector<Constructed> construct(const Operator&, const Hardware&, int,
                                     std::string& why_not) const override {
    std::vector<Constructed> out;
    for (int i = 0; i < count_; ++i) out.insert(i == first_ ? out.begin() : out.end(), {program(i), {}});
    if (out.empty()) why_not = "statement 1 is not to the taste of the fake";
    return out;
  }

 private:
  int count_, first_;
};

// Predicts 10 us + number, so candidates rank by their number.
class FakeModel final : public KernelModel {
 public:
  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "cuda/fake"; }
  std::vector<Prediction> predict(const Operator&, const Hardware&,
                                  std::span<const TileProgram> programs,
                                  std::span<const Resources>) const override {
    std::vector<Prediction> out;
    for (const auto& p : programs) {
      Prediction prediction;
      prediction.us = 10 + static_cast<double>(p.at("number"));
      out.push_back(prediction);
    }
    return out;
  }
};

inline Slices slices(int count, int first = 0) {
  auto emitters = std::make_unique<EmitterRegistry>();
  emitters->add(std::make_unique<FakeEmitter>());
  emitters->add(std::make_unique<FakeEmitter>("vendor/openblas"));
  Slices out(std::move(emitters));
  out.add(std::make_unique<FakeConstructor>(count, first), std::make_unique<FakeModel>());
  return out;
}

inline Outcome timed(double us) {
  Outcome outcome;
  outcome.kind = OutcomeKind::timed;
  outcome.verified_by = VerifiedBy::device;
  outcome.resources = Resources{};
  outcome.timing = Timing{us, 0.01, {us, us, us}};
  return outcome;
}

inline Outcome emulated() {
  Outcome outcome;
  outcome.kind = OutcomeKind::pending;
  outcome.verified_by = VerifiedBy::emulation;
  outcome.resources = Resources{};
  return outcome;
}

inline Outcome failed(OutcomeKind kind) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.detail = "injected";
  return outcome;
}

class ScriptedRunner final : public TrialRunner {
 public:
  std::function<Outcome(std::int64_t number)> answer = [](std::int64_t) { return emulated(); };
  std::function<std::optional<Confirmation>(std::span<const TileProgram>)> confirmation;
  std::function<void(int trials_done)> after_each;  // to raise Ctrl-C, say
  std::set<std::int64_t> fails_again;  // these pass the screening and crash when confirmed
  bool has_device = false;
  std::vector<std::int64_t> tried;

  bool measures() const override { return has_device; }
  Toolchain toolchain(std::string_view) const override { return {"sm_0", "1", "fake", ""}; }
  Policy policy() const override { return {}; }

  void submit(int ticket, const Operator&, const TileProgram& p) override {
    tried.push_back(p.at("number"));
    queue_.push_back({ticket, FakeEmitter().emit({}, p, {}), answer(p.at("number"))});
  }
  std::optional<Trial> next(std::chrono::steady_clock::time_point) override {
    if (queue_.empty()) return std::nullopt;
    Trial trial = std::move(queue_.front());
    queue_.pop_front();
    if (after_each) after_each(++done_);
    return trial;
  }
  std::optional<Confirmation> confirm(const Operator&, std::span<const TileProgram> p,
                                      std::optional<Outcome>& failure) override {
    for (const TileProgram& program : p)
      if (fails_again.contains(program.at("number"))) failure = failed(OutcomeKind::crashed);
    if (failure) return std::nullopt;
    return confirmation ? confirmation(p) : std::nullopt;
  }

 private:
  std::deque<Trial> queue_;
  int done_ = 0;
};

}  // namespace perftune::replay
