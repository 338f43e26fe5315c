#include "tuner/tune.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "costmodel/roofline.hpp"
#include "db/other_shapes.hpp"
#include "recipes/error.hpp"
#include "tuner/candidate_order.hpp"
#include "tuner/candidate_search.hpp"
#include "tuner/other_shapes.hpp"
#include "tuner/rank.hpp"
#include "tuner/verdict.hpp"

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Session {
 public:
  Session(const Operator& op, const std::string& definition, const Hardware& hardware,
          const Slices& slices, TrialRunner& runner, Store& store, const TuneOptions& options,
          const TuneProgress& progress)
      : op_(op), hardware_(hardware), slices_(slices), runner_(runner), store_(store),
        options_(options), progress_(progress), start_(Clock::now()) {
    result_.operator_name = op.name;
    result_.signature = op.signature();
    result_.hardware = hardware.name;
    result_.dims = op.base_dims();
    result_.measured = runner.measures();
    construct();
    roofline_us_ = roofline(op, hardware, !runner.policy().cold).seconds * 1e6;
    const std::string family = ranking_.candidates.front().program.family;
    hardware_id_ = store.put_hardware(describe(hardware));
    op_id_ = store.put_operator(describe(op, family, definition));
    run_ = store.begin_run(options.command, static_cast<std::int64_t>(options.seed));
  }

  TuneRun run() {
    try {
      if (options_.resume) recall();
      if (result_.measured) find_incumbent();
      if (hardware_.model_only) {
        predict_only();
      } else {
        try_candidates();
        try_any_shape();
        try_incumbent();
        try_vendors();
        name_winner();
      }
    } catch (...) {
      store_.end_run(run_, RunState::failed);
      throw;
    }
    store_.end_run(run_, end_ == TuneEnd::finished ? RunState::finished : RunState::interrupted);
    result_.seconds.total = seconds_since(start_);
    return {std::move(result_), end_};
  }

 private:
  void construct() {
    ranking_ = options_.programs.empty()
                   ? rank(op_, hardware_, slices_)
                   : rank_programs(op_, hardware_, slices_, options_.programs);
    if (ranking_.candidates.empty())
      throw Error(ErrorKind::no_candidate,
                  fmt::format("{}: nothing could be constructed: {}", op_.name, ranking_.why_not));
    if (options_.spread) spread_over_ranking(ranking_.candidates, options_.top);
    else if (runner_.measures()) move_default_into_top(ranking_.candidates, options_.top);
    result_.counts.constructed = static_cast<int>(ranking_.candidates.size());
    result_.seconds.construct = seconds_since(start_);
  }

  Validity validity(std::string_view target) const {
    return {result_.signature, runner_.toolchain(target), runner_.policy().text()};
  }

  // Outcomes of an earlier run under the same validity key, by program text.
  void recall() {
    for (const auto* slice : slices_.for_hardware(hardware_))
      for (auto& recorded : store_.outcomes(hardware_id_, validity(slice->constructor->target())))
        known_[recorded.program] = std::move(recorded);
  }

  void predict_only() {
    const auto count = std::min<std::size_t>(options_.top, ranking_.candidates.size());
    for (std::size_t i = 0; i < count; ++i)
      result_.candidates.push_back({"", ranking_.candidates[i], {}});
    for (auto& candidate : result_.candidates) {
      const auto* emitter = slices_.emitters().find(candidate.ranked.program);
      candidate.kernel = emitter->emit(op_, candidate.ranked.program, hardware_).id();
    }
    result_.best = result_.candidates.front().kernel;
    result_.best_us = result_.candidates.front().ranked.prediction.us;
    record_winner();  // by its prediction, and marked so
    result_.note = hardware_.note;
  }

  bool stopping() {
    if (options_.interrupted != nullptr && options_.interrupted->load()) end_ = TuneEnd::interrupted;
    else if (options_.budget_seconds > 0 && seconds_since(start_) > options_.budget_seconds)
      end_ = TuneEnd::budget;
    return end_ != TuneEnd::finished;
  }

  Clock::time_point deadline() const {
    if (options_.budget_seconds <= 0) return Clock::now() + std::chrono::seconds(1);
    return start_ + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(options_.budget_seconds));
  }

  // Keeps just enough candidates under way that `top` of them succeed: a failure is replaced by the
  // next that the search names.
  void try_candidates() {
    CandidateSearch search(op_, hardware_, ranking_.candidates,
                           runner_.measures() && !options_.spread ? options_.model : nullptr);
    result_.learned = search.learned();
    int under_way = 0;
    while (!stopping()) {
      while (succeeded_ + under_way < options_.top) {
        const auto chosen = search.next(static_cast<std::size_t>(options_.top - succeeded_ - under_way));
        if (chosen.empty()) break;
        for (const std::size_t at : chosen) {
          const int ticket = static_cast<int>(at);
          if (const Outcome* known = take_known(ticket)) {
            search.learn(at, time_of(*known));
            continue;
          }
          runner_.submit(ticket, op_, ranking_.candidates[at].program);
          ++under_way;
        }
      }
      if (under_way == 0) return;
      if (auto trial = runner_.next(deadline())) {
        --under_way;
        accept(*trial);
        search.learn(static_cast<std::size_t>(trial->ticket), time_of(trial->outcome));
      }
    }
  }

  std::string policy_of_winner() const { return runner_.policy().text() + (options_.energy ? " objective=energy" : ""); }

  // The winner so far, if this tune may be compared with it: measured under the same policy, of this code generator.
  void find_incumbent() {
    auto winner = store_.winner(result_.signature, hardware_id_, policy_of_winner());
    if (!winner || !winner->measured_us || is_vendor(winner->kernel.target) ||
        winner->toolchain != runner_.toolchain(winner->kernel.target))
      return;
    incumbent_ = std::move(winner);
  }

  // It is measured beside `top`: fewer candidates, or others, do not make it slower.
  void try_incumbent() {
    if (!incumbent_ || options_.spread || stopping()) return;
    const TileProgram program = TileProgram::parse(incumbent_->kernel.program);
    const auto is_it = [&](const Ranked& c) { return c.program == program; };
    if (std::ranges::any_of(result_.candidates, [&](const TunedCandidate& c) { return is_it(c.ranked); })) return;
    auto& all = ranking_.candidates;
    auto place = std::ranges::find_if(all, is_it);
    if (place == all.end()) {
      Ranking alone = rank_programs(op_, hardware_, slices_, {program});
      if (alone.candidates.empty()) return;
      place = all.insert(all.end(), std::move(alone.candidates.front()));
    }
    const int ticket = static_cast<int>(place - all.begin());
    if (take_known(ticket) == nullptr) try_one(ticket);
    result_.note = "the winner so far was measured beside them";
  }

  void try_one(int ticket) {
    runner_.submit(ticket, op_, ranking_.candidates[ticket].program);
    std::optional<Trial> trial;
    while (!trial && !stopping()) trial = runner_.next(deadline());
    if (trial) accept(*trial);
  }

  // Beside `top`, one after the other: their libraries have threads of their own.
  void try_vendors() {
    if (options_.spread) return;
    for (const TileProgram& program : options_.vendors) {
      const int ticket = static_cast<int>(ranking_.candidates.size());
      ranking_.candidates.emplace_back();
      ranking_.candidates.back().program = program;
      try_one(ticket);
    }
  }

  // Beside `top`: what untuned shapes get for which nothing else is legal.
  void try_any_shape() {
    if (!runner_.measures() || options_.spread || options_.top == 1) return;
    const auto at = untried_for_any_shape(ranking_.candidates, result_.candidates);
    if (at && take_known(static_cast<int>(*at)) == nullptr) try_one(static_cast<int>(*at));
  }

  // 0: it has none.
  static double time_of(const Outcome& outcome) {
    return is_success(outcome) && outcome.timing ? outcome.timing->median_us : 0;
  }

  // What an earlier run found, else nullptr.
  const Outcome* take_known(int ticket) {
    const auto it = known_.find(ranking_.candidates[ticket].program.text());
    if (it == known_.end()) return nullptr;
    result_.resumed = true;
    keep(ticket, it->second.kernel, it->second.outcome);
    return &it->second.outcome;
  }

  void accept(const Trial& trial) {
    const Ranked& ranked = ranking_.candidates[trial.ticket];
    MeasurementRecord row = new_row(trial.kernel, ranked.program.target, ranked.prediction);
    row.outcome = trial.outcome;
    if (const auto& conditions = trial.outcome.conditions; conditions && conditions->after)
      row.provenance.clock_mhz = conditions->after->sm_mhz;
    store_.record(run_, row);
    result_.seconds.compile += trial.outcome.compile_seconds;
    result_.seconds.verify += trial.outcome.verify_seconds;
    result_.seconds.measure += trial.outcome.measure_seconds;
    keep(trial.ticket, trial.kernel.id(), trial.outcome);
  }

  MeasurementRecord new_row(const Kernel& kernel, const std::string& target,
                            const Prediction& prediction) const {
    MeasurementRecord row;
    row.op = op_id_;
    row.hardware = hardware_id_;
    row.kernel = describe(kernel);
    row.toolchain = runner_.toolchain(target);
    row.policy = runner_.policy().text();
    if (!is_vendor(target))
      row.predicted = PredictedTime{prediction.us, prediction.low_us, prediction.high_us, prediction.limiter};
    row.roofline_us = roofline_us_;
    row.provenance = options_.provenance;
    row.provenance.toolkit = row.toolchain.compiler;
    row.provenance.perftune_version = PERFTUNE_VERSION;
    return row;
  }

  void keep(int ticket, const std::string& kernel, const Outcome& outcome) {
    TunedCandidate candidate{kernel, ranking_.candidates[ticket], outcome};
    if (outcome.resources) {
      ++result_.counts.compiled;
      if (!is_vendor(candidate))
        candidate.ranked.prediction =
            predict_one(op_, hardware_, slices_, candidate.ranked.program, *outcome.resources);
    }
    if (outcome.verified_by != VerifiedBy::none) ++result_.counts.verified;
    if (outcome.timing) ++result_.counts.measured;
    if (!is_success(outcome)) ++result_.counts.failed;
    else if (!is_vendor(candidate)) ++succeeded_;
    candidate.outcome.binary.clear();
    result_.candidates.push_back(std::move(candidate));
    sort_best_first(result_.candidates);
    if (progress_) progress_(result_, static_cast<int>(result_.candidates.size()), options_.top);
  }

  void name_winner() {
    if (result_.candidates.empty() || !is_success(result_.candidates.front().outcome)) return;
    Verdict verdict = result_.measured && end_ == TuneEnd::finished && !options_.spread
                                ? confirmed_verdict(op_, runner_, result_.candidates, options_.leaders,
                                                    options_.most_leaders)
                                : screening_verdict(result_.candidates);
    const int failed = static_cast<int>(verdict.failed.size());
    result_.counts.failed += failed;
    result_.counts.measured -= failed;
    for (const std::string& kernel : verdict.failed) record_confirmation(candidate(kernel));
    if (verdict.best.empty()) return;
    if (options_.energy && verdict.confirmed > 0) weigh_energy(verdict);
    result_.best = verdict.best;
    result_.best_measured = verdict.measured;
    result_.best_us = verdict.us;
    result_.ties = verdict.ties;
    result_.seconds.measure += verdict.seconds;
    for (std::size_t i = 0; i < verdict.confirmed; ++i) record_confirmation(result_.candidates[i]);
    if (verdict.confirmed > 0 || replaces_incumbent()) record_winner();
    if (result_.learned && end_ == TuneEnd::finished && succeeded_ < options_.top)
      result_.note = fmt::format("the learned part chose what to measure and needed {} measurements; --no-model measures "
                                 "{} in the white box's order",
                                 succeeded_, options_.top);
    record_default();
    list_baselines(result_);
    if (!result_.measured)
      result_.note = "offline: compiled and emulated, not run; `perftune measure --pending` on a "
                     "machine with this GPU times what was found";
  }

  // Of those that were confirmed; each row of theirs says what it took.
  void weigh_energy(Verdict& verdict) {
    std::vector<TileProgram> programs;
    for (std::size_t i = 0; i < verdict.confirmed; ++i) programs.push_back(result_.candidates[i].ranked.program);
    const auto start = Clock::now();
    std::string why_not;
    const auto joules = options_.energy(op_, programs, why_not);
    if (!joules) throw Error(ErrorKind::unavailable, "--objective energy: " + why_not);
    for (std::size_t i = 0; i < joules->size(); ++i) {
      TunedCandidate& tuned = result_.candidates[i];
      tuned.energy_j = (*joules)[i];
      std::string& detail = tuned.outcome.detail;
      detail += fmt::format("{}{:.4g} mJ per launch", detail.empty() ? "" : "; ", 1e3 * *tuned.energy_j);
    }
    decide_by_energy(verdict, result_.candidates);
    verdict.seconds += seconds_since(start);
    result_.by_energy = true;
  }

  const TunedCandidate& candidate(const std::string& kernel) const {
    return *std::find_if(result_.candidates.begin(), result_.candidates.end(),
                         [&](const auto& c) { return c.kernel == kernel; });
  }

  void record_confirmation(const TunedCandidate& tuned) {
    const auto* emitter = slices_.emitters().find(tuned.ranked.program);
    MeasurementRecord row = new_row(emitter->emit(op_, tuned.ranked.program, hardware_),
                                    tuned.ranked.program.target, tuned.ranked.prediction);
    row.phase = Phase::confirmation;
    row.outcome = tuned.outcome;
    store_.record(run_, row);
  }

  // A screening alone does not replace what a confirmation said, unless it saw both, or says more than that did.
  bool replaces_incumbent() const {
    if (!incumbent_) return true;
    const bool seen = std::ranges::any_of(result_.candidates, [&](const auto& c) { return c.kernel == incumbent_->kernel.id; });
    return result_.best != incumbent_->kernel.id && (seen || (result_.best_us && *result_.best_us < *incumbent_->measured_us));
  }

  void record_winner() {
    const Ranked& best = candidate(result_.best).ranked;
    const auto& program = best.program;
    const auto* emitter = slices_.emitters().find(program);
    WinnerRecord winner;
    winner.kernel = describe(emitter->emit(op_, program, hardware_));
    winner.toolchain = runner_.toolchain(program.target);
    winner.basis = result_.best_measured ? Basis::measured : Basis::predicted;
    if (result_.best_measured) winner.measured_us = result_.best_us;
    if (!is_vendor(program.target)) winner.predicted_us = best.prediction.us;
    winner.roofline_us = roofline_us_;
    winner.ties = result_.ties;
    store_.set_winner(run_, op_id_, hardware_id_, runner_.policy().text() + (result_.by_energy ? " objective=energy" : ""), winner);
  }

  // What serves shapes near this one where no winner does, if it was tried.
  void record_default() {
    const TunedCandidate* const chosen = for_other_shapes(result_.candidates);
    if (chosen == nullptr) return;
    const double us = chosen->outcome.timing ? chosen->outcome.timing->median_us : chosen->ranked.prediction.us;
    put_default(store_, op_id_, hardware_id_, chosen->kernel, runner_.toolchain(chosen->ranked.program.target), us);
  }

  const Operator& op_;
  const Hardware& hardware_;
  const Slices& slices_;
  TrialRunner& runner_;
  Store& store_;
  const TuneOptions& options_;
  const TuneProgress& progress_;
  const Clock::time_point start_;
  Ranking ranking_;
  TuneResult result_;
  TuneEnd end_ = TuneEnd::finished;
  HardwareId hardware_id_{};
  OperatorId op_id_{};
  RunId run_{};
  std::map<std::string, RecordedOutcome> known_;
  std::optional<WinnerRecord> incumbent_;
  int succeeded_ = 0;
  double roofline_us_ = 0;
};

}  // namespace

TuneRun tune(const Operator& op, const std::string& definition, const Hardware& hardware,
             const Slices& slices, TrialRunner& runner, Store& store, const TuneOptions& options,
             const TuneProgress& progress) {
  return Session(op, definition, hardware, slices, runner, store, options, progress).run();
}

}  // namespace perftune
