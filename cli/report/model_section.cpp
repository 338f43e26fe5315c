// The learned model on the page: do its intervals hold, and how far is it from what was measured.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/report/renderers.hpp"

namespace perftune {
namespace {

using nlohmann::json;

constexpr double side = 220, left = 46, below = 40;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

// Nominal against actual share: on the diagonal the intervals hold what they promise.
std::string plot(const json& calibration) {
  const auto x = [](double share) { return left + share * side; };
  const auto y = [](double share) { return 8 + (1 - share) * side; };
  std::string out = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' class='roofline' style='max-width:340px' viewBox='0 0 {} {}' role='img' "
      "aria-label='Calibration: share of held-out rows within each interval'>\n"
      "<path class='roof memory dashed' d='M{:.1f} {:.1f}L{:.1f} {:.1f}'/>\n",
      left + side + 14, side + below + 8, x(0), y(0), x(1), y(1));
  for (const double tick : {0.0, 0.5, 1.0})
    out += fmt::format("<text class='axis' x='{:.1f}' y='{:.1f}' text-anchor='middle'>{:.0f}</text>"
                       "<text class='axis' x='{:.1f}' y='{:.1f}' text-anchor='end'>{:.0f}</text>\n",
                       x(tick), y(0) + 16, 100 * tick, left - 6, y(tick) + 4, 100 * tick);
  out += fmt::format("<text class='axis' x='{:.1f}' y='{:.1f}' text-anchor='middle'>interval, %; up: rows within, %</text>\n",
                     x(0.5), y(0) + 34);
  for (const auto& point : calibration) {
    const double nominal = point.at("nominal"), actual = point.at("actual");
    out += fmt::format("<g class='point measured'><circle cx='{:.1f}' cy='{:.1f}' r='5'><title>{} interval holds {}</title>"
                       "</circle></g>\n", x(nominal), y(actual), percent(nominal), percent(actual));
  }
  return out + "</svg>\n";
}

std::string errors(const json& slices) {
  std::string out =
      "<table class='suite'><thead><tr><th>held-out operators</th><th class='num'>rows</th><th class='num'>roofline</th>"
      "<th class='num'>white box</th><th class='num'>learned</th><th class='num'>90 % covers</th></tr></thead><tbody>\n";
  for (const auto& s : slices)
    out += fmt::format("<tr><td>{}{}</td><td class='num'>{}</td><td class='num'>{}</td><td class='num'>{}</td>"
                       "<td class='num'>{}</td><td class='num'>{}</td></tr>\n",
                       s.at("by") == "limiter" ? "limited by " : "", escape_markup(s.at("name").get<std::string>()),
                       s.at("rows").get<std::int64_t>(), percent(s.at("roofline").at("mape")),
                       percent(s.at("white_box").at("mape")), percent(s.at("learned").at("mape")),
                       percent(s.at("coverage_90")));
  return out + "</tbody></table>\n";
}

}  // namespace

std::string model_section(const std::string& summary) {
  const json model = json::parse(summary, nullptr, false);
  if (!model.is_object()) return "";
  try {
    return fmt::format("<section><h2>The learned model</h2>\n<p class='dim'>Trained on {} measurements (data {}); every "
                       "figure is of operators that the judging networks did not see. Errors are mean absolute relative ones.</p>\n"
                       "{}<div class='scroll' tabindex='0' role='region' aria-label='Errors of the learned model'>{}</div></section>\n",
                       model.at("rows").at("used").get<std::int64_t>(), escape_markup(model.at("data_hash").get<std::string>()),
                       plot(model.at("calibration")), errors(model.at("errors")));
  } catch (const json::exception&) {
    return "";  // a summary of another version, or an edited store
  }
}

}  // namespace perftune
