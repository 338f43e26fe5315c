// A suite's time as one stacked bar: widths are shares of the end-to-end time, the filled part of each
// segment is what the roofline would need.
#include <fmt/format.h>

#include "cli/report/renderers.hpp"
#include "cli/text_table.hpp"

namespace perftune {
namespace {

constexpr double width = 760, top = 6, tall = 64;

std::string segment(const Report& report, const ReportSuite& suite, const ReportSuite::Part& part, double x, double w) {
  const ReportRow& row = report.rows[part.row];
  const double filled = row.roofline_us > 0 ? std::min(1.0, row.fraction()) * tall : 0;
  const std::string title =
      fmt::format("{} {}: {} of {} in {:g} calls, {:.0f} % of {}{}{}", row.op, row.dims, format_time(part.us),
                  format_time(suite.us), part.weight, 100 * part.us / suite.us, suite.name,
                  row.roofline_us > 0 ? fmt::format(", {:.0f} % of roofline", 100 * row.fraction()) : "",
                  row.measured ? "" : ", predicted, not measured");
  // A nested <svg> cuts off what is wider than its segment.
  const std::string label =
      w < 40 ? "" : fmt::format("<text x='5' y='20'>{}</text><text class='axis' x='5' y='40'>{:.0f} %</text>", escape_markup(row.op),
                                100 * part.us / suite.us);
  return fmt::format(
      "<g class='part point {}' tabindex='0' role='button' data-row='{}' aria-label='{}'><title>{}</title>"
      "<svg x='{:.1f}' y='{}' width='{:.1f}' height='{}'><rect class='slot' width='100%' height='100%'/>"
      "<rect class='reached' y='{:.1f}' width='100%' height='{:.1f}'/>{}</svg></g>\n",
      row.measured ? "measured" : "predicted", part.row, escape_markup(title), escape_markup(title), x, top, w, tall,
      tall - filled, filled, label);
}

}  // namespace

std::string suite_bar(const Report& report, const ReportSuite& suite) {
  std::string out = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' class='suite' viewBox='0 0 {} {}' role='group' aria-label='Time of {} on {}'>\n",
      width, top + tall + 4, escape_markup(suite.name), escape_markup(suite.device));
  double x = 1;
  for (const ReportSuite::Part& part : suite.parts) {
    const double w = suite.us > 0 ? part.us / suite.us * (width - 2) : 0;
    if (w < 0.5) break;  // sorted: the rest is thinner still
    out += segment(report, suite, part, x, w);
    x += w;
  }
  return out + "</svg>\n";
}

std::string suite_summary(const ReportSuite& suite) {
  std::string out = fmt::format("{} end to end{}", format_time(suite.us),
                                suite.measured ? ", all of it measured" : ", some of it predicted, not measured");
  if (suite.roofline_us > 0) out += fmt::format(", {:.0f} % of the roofline ({})", 100 * suite.fraction(), format_time(suite.roofline_us));
  if (!suite.missing.empty()) {
    out += fmt::format("; without a time here: ");
    for (std::size_t i = 0; i < suite.missing.size(); ++i) out += (i > 0 ? ", " : "") + suite.missing[i];
  }
  return out;
}

std::string before_text(const ReportRow& row) {
  if (!row.before || row.us <= 0) return "";
  const double ratio = row.before->us / row.us;
  return fmt::format("{}{} before, {}", format_time(row.before->us), row.before->measured ? "" : " (predicted)",
                     ratio > 1.005   ? fmt::format("{:.2f} times faster now", ratio)
                     : ratio < 0.995 ? fmt::format("{:.2f} times slower now", 1 / ratio)
                                     : "the same now");
}

std::string baseline_text(const ReportRow& row) {
  if (!row.baseline || !row.measured) return "";
  return fmt::format("{} by {}: {:.2f} of its speed", format_time(row.baseline->us), row.baseline->name,
                     row.baseline->us / row.us);
}

}  // namespace perftune
