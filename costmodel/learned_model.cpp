#include "costmodel/learned_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <set>

#include "costmodel/learned_state.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr double kFarRatio = 1000;     // measured over predicted beyond this: wrong units
constexpr float kClamp = 5;            // standard deviations that an input may leave the data by
constexpr double kNinety = 1.6448536;  // normal quantile of a two-sided 90 % interval

std::uint64_t hash_row(const TrainingRow& row) {
  std::uint64_t hash = kFnvOffset;
  for (const double value : row.features) hash = fnv1a(&value, sizeof value, hash);
  hash = fnv1a(row.scope.data(), row.scope.size(), hash);
  hash = fnv1a(&row.predicted_us, sizeof row.predicted_us, hash);
  return fnv1a(&row.measured_us, sizeof row.measured_us, hash);
}

// Rows worth learning from, in an order that does not depend on how they arrived.
std::vector<const TrainingRow*> usable_rows(std::span<const TrainingRow> rows, TrainingReport& report) {
  std::map<std::pair<int, std::uint64_t>, const TrainingRow*> unique;
  for (const TrainingRow& row : rows) {
    if (row.features.size() != rows.front().features.size())
      throw Error(ErrorKind::usage, fmt::format("training rows disagree on the number of features: {} and {}",
                                                rows.front().features.size(), row.features.size()));
    const bool finite = std::all_of(row.features.begin(), row.features.end(),
                                    [](double v) { return std::isfinite(v); }) &&
                        std::isfinite(row.predicted_us) && std::isfinite(row.measured_us);
    if (!finite) { ++report.not_finite; continue; }
    if (row.predicted_us <= 0 || row.measured_us <= 0) { ++report.not_positive; continue; }
    const double ratio = row.measured_us / row.predicted_us;
    if (ratio > kFarRatio || ratio < 1 / kFarRatio) { ++report.out_of_range; continue; }
    if (!unique.emplace(std::pair{row.group, hash_row(row)}, &row).second) ++report.repeated;
  }
  std::vector<const TrainingRow*> out;
  for (const auto& [key, row] : unique) out.push_back(row);
  report.rows = rows.size();
  report.used = out.size();
  return out;
}

double log_ratio(const TrainingRow& row) { return std::log(row.measured_us / row.predicted_us); }

void standardise(LearnedState& s, const std::vector<const TrainingRow*>& rows) {
  const std::size_t n = rows.front()->features.size();
  const auto count = static_cast<double>(rows.size());
  s.mean.assign(n, 0);
  s.scale.assign(n, 1);
  for (std::size_t f = 0; f < n; ++f) {
    double sum = 0, squares = 0;
    for (const TrainingRow* row : rows) sum += row->features[f];
    for (const TrainingRow* row : rows) squares += std::pow(row->features[f] - sum / count, 2);
    s.mean[f] = sum / count;
    s.scale[f] = std::max(1e-6, std::sqrt(squares / count));
  }
  double sum = 0, squares = 0;
  for (const TrainingRow* row : rows) sum += log_ratio(*row);
  s.target_mean = sum / count;
  for (const TrainingRow* row : rows) squares += std::pow(log_ratio(*row) - s.target_mean, 2);
  s.target_scale = std::max(0.02, std::sqrt(squares / count));
}

std::vector<float> standard_input(const LearnedState& s, std::span<const double> features) {
  std::vector<float> x(s.mean.size());
  for (std::size_t f = 0; f < x.size(); ++f)
    x[f] = std::clamp(static_cast<float>((features[f] - s.mean[f]) / s.scale[f]), -kClamp, kClamp);
  return x;
}

// Which member leaves a row out: whole groups, so that held-out rows are new operators; single
// rows where there are too few groups for that.
int fold_of(const TrainingRow& row, std::size_t index, int members, bool by_group) {
  std::uint64_t key = by_group ? static_cast<std::uint64_t>(row.group) : index;
  key = fnv1a(&key, sizeof key, kFnvOffset);
  return static_cast<int>((key >> 20U) % static_cast<std::uint64_t>(members));
}

NetworkData member_data(const LearnedState& s, const std::vector<const TrainingRow*>& rows,
                        const std::vector<int>& fold, int left_out) {
  NetworkData data;
  data.inputs = static_cast<int>(s.mean.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (fold[i] == left_out) continue;
    const std::vector<float> x = standard_input(s, rows[i]->features);
    data.x.insert(data.x.end(), x.begin(), x.end());
    data.target.push_back(static_cast<float>((log_ratio(*rows[i]) - s.target_mean) / s.target_scale));
    data.offset.push_back(static_cast<float>(std::log(rows[i]->predicted_us) / s.target_scale));
    data.group.push_back(rows[i]->group);
  }
  return data;
}

struct Ensemble {
  double mean = 0, spread = 0;
};

Ensemble evaluate(const LearnedState& s, const std::vector<float>& x) {
  double sum = 0, squares = 0;
  for (const Network& net : s.members) {
    const double y = net.evaluate(x);
    sum += y;
    squares += y * y;
  }
  const auto n = static_cast<double>(s.members.size());
  const double mean = sum / n;
  return {mean * s.target_scale + s.target_mean,
          std::sqrt(std::max(0.0, squares / n - mean * mean)) * s.target_scale};
}

double quantile(std::vector<double> values, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

constexpr std::size_t kOwnCalibration = 100;  // rows from which a scope's own scores are quantiles

// The share of the correction that orders held-out candidates rightly: the slope of what was measured over
// what was corrected, both without their operator's mean, between 0 and 1. Networks that saw too few operators
// of a scope make up differences; this takes them back.
std::map<std::string_view, double> trust_by_scope(const std::vector<const TrainingRow*>& rows,
                                                  const std::vector<TrainingReport::HeldOut>& held_out) {
  struct Sums {
    double rows = 0, measured = 0, corrected = 0;
  };
  std::map<std::pair<std::string_view, int>, Sums> operators;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Sums& s = operators[{rows[i]->scope, rows[i]->group}];
    ++s.rows, s.measured += log_ratio(*rows[i]), s.corrected += held_out[i].log_factor;
  }
  std::map<std::string_view, std::pair<double, double>> slopes;
  std::map<std::string_view, std::size_t> count;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Sums& s = operators[{rows[i]->scope, rows[i]->group}];
    const double measured = log_ratio(*rows[i]) - s.measured / s.rows;
    const double corrected = held_out[i].log_factor - s.corrected / s.rows;
    auto& [along, squares] = slopes[rows[i]->scope];
    along += measured * corrected, squares += corrected * corrected;
    if (s.rows > 1) ++count[rows[i]->scope];
  }
  std::map<std::string_view, double> out;
  for (const auto& [scope, slope] : slopes)
    out[scope] = count[scope] < kOwnCalibration || slope.second <= 1e-12 ? 1 : std::clamp(slope.first / slope.second, 0.0, 1.0);
  return out;
}

// Split-conformal scale: each row is judged by the member that never saw it; by scope where there are
// rows enough, since families and devices err differently.
void calibrate(LearnedState& s, const std::vector<const TrainingRow*>& rows, const std::vector<int>& fold,
               std::vector<TrainingReport::HeldOut>& held_out) {
  std::vector<double> residual(rows.size()), score(rows.size());
  held_out.assign(rows.size(), {});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::vector<float> x = standard_input(s, rows[i]->features);
    const double out = s.members[static_cast<std::size_t>(fold[i])].evaluate(x);
    held_out[i].log_factor = out * s.target_scale + s.target_mean;
    held_out[i].sigma = evaluate(s, x).spread;
  }
  const auto trust = trust_by_scope(rows, held_out);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    held_out[i].log_factor *= trust.at(rows[i]->scope);
    residual[i] = std::abs(log_ratio(*rows[i]) - held_out[i].log_factor);
  }
  s.noise = std::max(0.005, quantile(residual, 0.5) / 0.6745);
  std::map<std::string_view, std::vector<double>> by_scope;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    held_out[i].sigma = std::hypot(held_out[i].sigma, s.noise);
    score[i] = residual[i] / held_out[i].sigma;
    by_scope[rows[i]->scope].push_back(score[i]);
  }
  s.sigma_factor = quantile(score, 0.9) / kNinety;
  std::map<std::string_view, double> factor;
  for (const auto& [scope, scores] : by_scope) {
    factor[scope] = scores.size() >= kOwnCalibration ? quantile(scores, 0.9) / kNinety : s.sigma_factor;
    s.scopes.push_back({std::string(scope), scores.size(), factor[scope], trust.at(scope)});
  }
  std::size_t inside = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    inside += score[i] <= factor[rows[i]->scope] * kNinety;
    held_out[i].sigma *= factor[rows[i]->scope];
  }
  s.coverage = static_cast<double>(inside) / static_cast<double>(rows.size());
}

}  // namespace

std::string TrainingReport::text() const {
  return fmt::format("{} rows, {} used; dropped: {} not finite, {} not positive, {} out of range, {} repeated",
                     rows, used, not_finite, not_positive, out_of_range, repeated);
}

std::optional<LearnedModel> LearnedModel::train(std::span<const TrainingRow> rows,
                                                const TrainingOptions& options, TrainingReport* report) {
  TrainingReport local;
  TrainingReport& seen = report != nullptr ? *report : local;
  seen = {};
  if (rows.empty()) return std::nullopt;
  const std::vector<const TrainingRow*> used = usable_rows(rows, seen);
  if (used.empty()) throw Error(ErrorKind::usage, "no training row can be used: " + seen.text());
  if (used.size() < std::max<std::size_t>(options.least_rows, static_cast<std::size_t>(options.members)))
    return std::nullopt;

  auto state = std::make_shared<State>();
  standardise(*state, used);
  std::set<int> groups;
  for (const TrainingRow* row : used) groups.insert(row->group);
  std::vector<int> fold(used.size());
  state->data_hash = kFnvOffset;
  for (std::size_t i = 0; i < used.size(); ++i) {
    fold[i] = fold_of(*used[i], i, options.members, groups.size() >= 4 * static_cast<std::size_t>(options.members));
    const std::uint64_t hash = hash_row(*used[i]);
    state->data_hash = fnv1a(&hash, sizeof hash, state->data_hash);
  }
  NetworkTraining training;
  training.hidden = options.hidden;
  training.ranking = static_cast<float>(options.ranking);
  // Passes fall with the root of the rows beyond 1,000: steps still grow, time stays in seconds.
  training.epochs = std::max(4, static_cast<int>(options.epochs *
                                                 std::min(1.0, std::sqrt(1000.0 / static_cast<double>(used.size())))));
  for (int member = 0; member < options.members; ++member) {
    training.seed = options.seed * 1000003 + static_cast<std::uint64_t>(member);
    state->members.push_back(train_network(member_data(*state, used, fold, member), training));
  }
  calibrate(*state, used, fold, seen.held_out);
  for (std::size_t i = 0; i < used.size(); ++i)
    seen.held_out[i].row = static_cast<std::size_t>(used[i] - rows.data());
  return LearnedModel(std::move(state));
}

std::span<const LearnedModel::Scope> LearnedModel::scopes() const { return state_->scopes; }

namespace {

const LearnedModel::Scope* find_scope(std::span<const LearnedModel::Scope> scopes, std::string_view name) {
  const auto it = std::find_if(scopes.begin(), scopes.end(), [&](const auto& s) { return s.name == name; });
  return it == scopes.end() ? nullptr : &*it;
}

}  // namespace

bool LearnedModel::knows(std::string_view scope) const {
  const Scope* found = find_scope(state_->scopes, scope);
  return found != nullptr && found->rows >= TrainingOptions{}.least_rows;
}

Correction LearnedModel::correct(std::span<const double> features, std::string_view scope) const {
  const LearnedState& s = *state_;
  const Scope* own = find_scope(s.scopes, scope);
  if (!scope.empty() && !knows(scope)) return {0, 1};
  if (features.size() != s.mean.size())
    throw Error(ErrorKind::usage, fmt::format("the model takes {} features, not {}", s.mean.size(), features.size()));
  for (const double value : features)
    if (!std::isfinite(value)) return {0, 1};  // knows nothing: the white box stands, unsure
  double far = 0;
  for (std::size_t f = 0; f < features.size(); ++f)
    far = std::max(far, std::abs(features[f] - s.mean[f]) / s.scale[f] - kClamp);
  const Ensemble e = evaluate(s, standard_input(s, features));
  // Outside the data the correction fades and the doubt grows.
  const double near = 1 / (1 + std::max(0.0, far) / kClamp);
  const double factor = own != nullptr ? own->sigma_factor : s.sigma_factor;
  const double trust = own != nullptr ? own->trust : 1;
  return {e.mean * trust * near, factor * std::hypot(e.spread, s.noise) / near};
}

std::size_t LearnedModel::feature_count() const { return state_->mean.size(); }

std::vector<double> LearnedModel::importance() const {
  const LearnedState& s = *state_;
  std::vector<double> out(s.mean.size(), 0);
  std::vector<float> x(s.mean.size(), 0.0F);
  for (std::size_t f = 0; f < x.size(); ++f) {
    for (const float at : {-1.0F, 1.0F}) {
      const double base = evaluate(s, x).mean;
      x[f] = at;
      out[f] += 0.5 * std::abs(evaluate(s, x).mean - base);
      x[f] = 0;
    }
  }
  return out;
}

std::uint64_t LearnedModel::data_hash() const { return state_->data_hash; }
double LearnedModel::held_out_coverage() const { return state_->coverage; }

std::string LearnedModel::serialise() const { return write_state(*state_); }

LearnedModel LearnedModel::parse(std::string_view text) {
  return LearnedModel(std::make_shared<State>(State{read_state(text)}));
}

}  // namespace perftune
