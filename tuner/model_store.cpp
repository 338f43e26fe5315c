#include "tuner/model_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "costmodel/features.hpp"
#include "db/timed_rows.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr const char* kName = "learned";
constexpr std::size_t kLeastRows = 100;      // of a device, before a tune listens to a model of it
constexpr std::size_t kLeastOperators = 8;   // fewer say nothing of the next one
constexpr double kGrowth = 1.2;              // of the rows since the last training

std::size_t operators_of(const TrainingSet& set) {
  std::vector<int> groups;
  for (const TrainingRow& row : set.rows) groups.push_back(row.group);
  std::sort(groups.begin(), groups.end());
  return static_cast<std::size_t>(std::unique(groups.begin(), groups.end()) - groups.begin());
}

std::size_t rows_of_device(const LearnedModel& model, std::string_view prefix) {
  std::size_t rows = 0;
  for (const LearnedModel::Scope& scope : model.scopes())
    if (scope.name.starts_with(prefix)) rows += scope.rows;
  return rows;
}

}  // namespace

std::optional<TrainedModel> train_model(const TrainingSet& set, std::uint64_t seed, std::string& why) {
  TrainingOptions options;
  options.seed = seed;
  TrainingReport report;
  const auto start = std::chrono::steady_clock::now();
  auto model = LearnedModel::train(set.rows, options, &report);
  if (!model) {
    why = fmt::format("too little data: {} usable rows, at least {} are needed ({}{} not understood)", report.used,
                      options.least_rows, report.rows == 0 ? "" : report.text() + ", ", set.not_understood);
    return std::nullopt;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::vector<JudgedRow> judged;
  for (const auto& h : report.held_out) judged.push_back({h.row, {h.log_factor, h.sigma}});
  return TrainedModel{*std::move(model), report, judge(set, judged), seconds.count()};
}

std::string model_summary(const TrainedModel& trained) {
  const TrainingReport& r = trained.report;
  nlohmann::json importance = nlohmann::json::array();
  const std::vector<double> change = trained.model.importance();
  std::vector<std::size_t> order(change.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return change[a] > change[b]; });
  for (const std::size_t i : order)
    importance.push_back({{"feature", feature_names()[i]}, {"change", change[i]}});
  nlohmann::json out = quality_json(trained.quality);
  out["schema"] = "perftune.model/1";
  out["feature_version"] = kFeatureVersion;
  out["data_hash"] = fmt::format("{:016x}", trained.model.data_hash());
  out["seconds"] = trained.seconds;
  out["rows"] = {{"given", r.rows}, {"used", r.used}, {"not_finite", r.not_finite},
                 {"not_positive", r.not_positive}, {"out_of_range", r.out_of_range}, {"repeated", r.repeated}};
  out["importance"] = importance;
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);  // scopes are names from files
}

void save_model(Store& store, const TrainedModel& trained) {
  const std::string text = trained.model.serialise();
  store.put_model(kName, model_summary(trained), std::as_bytes(std::span(text.data(), text.size())));
}

std::optional<StoredModel> load_model(Store& store, std::string& why) {
  why.clear();
  const auto bytes = store.model(kName);
  if (!bytes) return std::nullopt;
  try {
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    return StoredModel{LearnedModel::parse(text), store.model_summary(kName)};
  } catch (const Error& error) {
    why = fmt::format("{}: {}", store.path(), error.what());
    return std::nullopt;
  }
}

std::optional<LearnedModel> fresh_model(Store& store, const Slices& slices, const Hardware& hardware,
                                        std::uint64_t seed, std::string& why) {
  auto stored = load_model(store, why);
  const HardwareRecord device = describe(hardware);
  const auto rows = static_cast<std::size_t>(count_timed(store, device.name, device.vendor_name));
  const std::string prefix = model_scope(device.name, device.vendor_name, "");
  const auto known = stored ? static_cast<double>(rows_of_device(stored->model, prefix)) : 0.0;
  const bool grown = rows >= kLeastRows && static_cast<double>(rows) > kGrowth * known;
  if (!grown)
    return stored && known >= static_cast<double>(kLeastRows) ? std::optional(std::move(stored->model)) : std::nullopt;
  // Of all devices, so that what was known of others stays known.
  const TrainingSet set = training_set(store, slices);
  if (operators_of(set) < kLeastOperators) return std::nullopt;
  std::string too_little;
  try {
    auto trained = train_model(set, seed, too_little);
    if (!trained) return std::nullopt;
    save_model(store, *trained);
    why.clear();  // in place of one that was refused
    return std::move(trained->model);
  } catch (const Error& error) {
    why = error.what();  // no row can be used: the white box goes on alone
    return std::nullopt;
  }
}

}  // namespace perftune
