#include "cli/model_render.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/text_table.hpp"

namespace perftune {
namespace {

constexpr std::size_t kFeaturesShown = 15;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string change(const nlohmann::json& slice, const char* figure) {
  return fmt::format("{:.3f} -> {:.3f}", slice["white_box"][figure].get<double>(), slice["learned"][figure].get<double>());
}

std::string bar(double share) { return std::string(static_cast<std::size_t>(share * 30 + 0.5), '#'); }

}  // namespace

std::string quality_text(const nlohmann::json& quality) {
  TextTable table({"errors on held-out operators", ">rows", ">operators", ">roofline", ">white box", ">learned",
                   ">90 % covers", ">pairs in order", ">top-1", ">top-10"});
  for (const auto& s : quality["errors"]) {
    const std::string by = s["by"];
    table.add({(by == "limiter" ? "limited by " : "") + s["name"].get<std::string>(),
               fmt::format("{}", s["rows"].get<std::size_t>()), fmt::format("{}", s["operators"].get<std::size_t>()),
               percent(s["roofline"]["mape"]), percent(s["white_box"]["mape"]), percent(s["learned"]["mape"]),
               percent(s["coverage_90"]), change(s, "pairs"), change(s, "top_1"), change(s, "top_10")});
  }
  return table.text() + "roofline, white box, learned: mean absolute relative error; arrows: from the white box alone to with "
                        "the learned part; two measurements of one kernel differ by a few per cent\n";
}

std::string model_text(const nlohmann::json& summary, bool details) {
  const auto& rows = summary["rows"];
  std::string out = fmt::format(
      "trained in {:.2f} s on {} of {} rows (not finite {}, not positive {}, out of range {}, repeated {})\n"
      "training data {}, features of version {}\n\n",
      summary["seconds"].get<double>(), rows["used"].get<std::size_t>(), rows["given"].get<std::size_t>(),
      rows["not_finite"].get<std::size_t>(), rows["not_positive"].get<std::size_t>(),
      rows["out_of_range"].get<std::size_t>(), rows["repeated"].get<std::size_t>(),
      summary["data_hash"].get<std::string>(), summary["feature_version"].get<int>());
  out += quality_text(summary);
  if (!details) return out;
  TextTable calibration({"interval", ">holds", ""});
  for (const auto& c : summary["calibration"])
    calibration.add({percent(c["nominal"]), percent(c["actual"]), bar(c["actual"])});
  out += "\nCalibration: share of held-out rows within the interval\n" + calibration.text();
  TextTable importance({"feature", ">change of log(time) per standard deviation"});
  std::size_t shown = 0;
  for (const auto& f : summary["importance"]) {
    if (shown++ == kFeaturesShown) break;
    importance.add({f["feature"], fmt::format("{:.4f}", f["change"].get<double>())});
  }
  return out + "\nFeatures by importance\n" + importance.text();
}

}  // namespace perftune
