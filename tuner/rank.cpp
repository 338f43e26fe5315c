#include "tuner/rank.hpp"

#include <algorithm>

#include "recipes/error.hpp"

namespace perftune {
namespace {

void rank_slice(const Operator& op, const Hardware& hardware, const Slices::Slice& slice,
                int wanted, Ranking& into) {
  std::string why_not;
  auto constructed = slice.constructor->construct(op, hardware, wanted, why_not);
  if (!why_not.empty() && constructed.empty())
    into.declined.push_back({std::string(slice.constructor->family()),
                             std::string(slice.constructor->target()), why_not});
  if (!why_not.empty()) {
    if (!into.why_not.empty()) into.why_not += "; ";
    into.why_not += std::string(slice.constructor->target()) + ": " + why_not;
  }
  if (constructed.empty()) return;
  std::vector<TileProgram> programs;
  std::vector<Resources> resources;
  const Emitter::Reading reading = slice.emitter->read(op);
  for (const auto& c : constructed) {
    programs.push_back(c.program);
    resources.push_back(reading.estimate(c.program, hardware));
  }
  auto predictions = slice.model->predict(op, hardware, programs, resources);
  for (std::size_t i = 0; i < constructed.size(); ++i)
    into.candidates.push_back({std::move(constructed[i].program), std::move(constructed[i].rules),
                               std::move(resources[i]), std::move(predictions[i]), i == 0, constructed[i].any_shape});
}

// Ties are common among aligned tiles: the text decides, so that two runs rank alike.
void sort_by_prediction(std::vector<Ranked>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const Ranked& a, const Ranked& b) {
    if (a.prediction.us != b.prediction.us) return a.prediction.us < b.prediction.us;
    return a.program < b.program;
  });
}

}  // namespace

Ranking rank(const Operator& op, const Hardware& hardware, const Slices& slices, int wanted) {
  Ranking ranking;
  for (const auto* slice : slices.for_hardware(hardware))
    rank_slice(op, hardware, *slice, wanted, ranking);
  sort_by_prediction(ranking.candidates);
  if (!ranking.candidates.empty()) ranking.why_not.clear();
  return ranking;
}

Ranking rank_programs(const Operator& op, const Hardware& hardware, const Slices& slices,
                      const std::vector<TileProgram>& programs) {
  Ranking ranking;
  for (const auto& program : programs) {
    const auto* slice = slices.find(program.family, program.target);
    const auto why = slice == nullptr ? std::optional<std::string>("no emitter in this build")
                                      : slice->emitter->illegal(op, program, hardware);
    if (why) {
      ranking.why_not = program.text() + ": " + *why;
      continue;
    }
    Resources estimate = slice->emitter->estimate(op, program, hardware);
    Prediction prediction = predict_one(op, hardware, slices, program, estimate);
    ranking.candidates.push_back({program, {}, std::move(estimate), std::move(prediction), false, false});
  }
  sort_by_prediction(ranking.candidates);
  return ranking;
}

Prediction predict_one(const Operator& op, const Hardware& hardware, const Slices& slices,
                       const TileProgram& program, const Resources& resources) {
  const auto* slice = slices.find(program.family, program.target);
  if (slice == nullptr)
    throw Error(ErrorKind::usage, "no model for '" + program.text() + "' in this build");
  return slice->model->predict(op, hardware, {&program, 1}, {&resources, 1}).front();
}

}  // namespace perftune
