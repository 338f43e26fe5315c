#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cli/report/renderers.hpp"
#include "cli/report/report_page.hpp"
#include "cli/text_table.hpp"
#include "db/iso_time.hpp"

namespace perftune {
namespace {

using nlohmann::json;

std::string percent(double fraction) { return fmt::format("{:.{}f} %", 100 * fraction, fraction < 0.1 ? 1 : 0); }

std::string time_text(const ReportRow& row) {
  if (row.us <= 0) return "no time";
  return format_time(row.us) + (row.measured ? " measured" : " predicted, not measured");
}

std::string stages_text(const ReportRow& row) {
  std::string out;
  for (const StageTime& stage : row.stages)
    out += fmt::format("{}{} {}{}", out.empty() ? "" : "\n", stage.stage, format_time(stage.us),
                       stage.stage == row.limiter ? "  <- limiter" : stage.overlapped ? "" : "  (adds)");
  return out;
}

std::string rules_text(const ReportRow& row) {
  std::string out;
  for (const RuleApplied& rule : row.rules)
    out += fmt::format("{}{}: {}; {}", out.empty() ? "" : "\n", rule.knob, rule.rule, rule.reason);
  return out;
}

std::string history_text(const ReportRow& row) {
  std::string out;
  for (const PastOutcome& past : row.history)
    out += fmt::format("{}{} {} {}{}{}", out.empty() ? "" : "\n", format_iso_time(past.taken_at_ms), past.kernel,
                       past.us ? format_time(*past.us) : past.outcome,
                       past.phase == "confirmation" ? ", confirmed" : "", past.kernel == row.kernel ? "  <- this one" : "");
  return out;
}

json kernel_json(const ReportRow& row) {
  const bool known = row.roofline_us > 0 && row.us > 0;
  const std::string reach =
      known ? fmt::format("{:.3g} TFLOP/s, {} of the {} roof", row.tflops(), percent(row.fraction()), row.bound)
            : "";
  const auto intensity = [&](double bytes) {
    return bytes > 0 && row.flops > 0
               ? fmt::format("{} ({:.3g} FLOP/byte)", format_bytes(bytes), row.flops / bytes)
               : std::string();
  };
  const std::string predicted =
      row.measured && row.predicted_us ? format_time(*row.predicted_us) + " before measuring" : "";
  json facts = json::array({{"time", time_text(row)},
                            {"predicted", predicted},
                            {"reached", reach},
                            {"headroom", known ? format_time(row.headroom_us()) : ""},
                            {"before", before_text(row)},
                            {"vendor's library", baseline_text(row)},
                            {"calls per inference", row.weight != 1 ? fmt::format("{:g}", row.weight) : ""},
                            {"error", row.flag},
                            {"note", row.note},
                            {"limited by", row.limiter},
                            {"what would help", row.advice},
                            {"stages, each as if alone", stages_text(row)},
                            {"rules behind the shape", rules_text(row)},
                            {"history of this operator", history_text(row)},
                            {"compulsory traffic", intensity(row.bytes)},
                            {"modelled DRAM traffic", intensity(row.dram_bytes)},
                            {"modelled L2 traffic", intensity(row.l2_bytes)},
                            {"device", row.device},
                            {"kernel", row.kernel},
                            {"program", row.program},
                            {"policy", row.policy},
                            {"taken", row.taken_at}});
  return {{"title", row.op + "  " + row.dims}, {"kernel", row.kernel}, {"time", time_text(row)},
          {"reach", reach}, {"before", before_text(row)}, {"limiter", row.limiter}, {"flag", row.flag}, {"note", row.note},
          {"facts", facts}};
}

// As text of a <script> element: nothing in it can end the element.
std::string data_block(const Report& report) {
  json kernels = json::array();
  std::map<std::string, std::string> sources;
  for (const ReportRow& row : report.rows) {
    kernels.push_back(kernel_json(row));
    if (!row.source.empty()) sources[row.kernel] = row.source;
  }
  const std::string text = json{{"kernels", kernels}, {"sources", sources}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "\\u003c";
    else out += c;
  }
  return out;
}

std::string cell(const std::string& text, const std::string& key, const char* kind) {
  return fmt::format("<td class='{}' data-value='{}'>{}</td>", kind, escape_markup(key), escape_markup(text));
}

std::string number_cell(bool known, double value, const std::string& text) {
  return cell(known ? text : "", fmt::format("{:.9g}", known ? value : -1), "num");
}

std::string table_row(const ReportRow& row, std::size_t position) {
  const bool known = row.roofline_us > 0 && row.us > 0;
  const std::string next = !row.flag.empty() ? row.flag : !row.advice.empty() ? row.advice : row.note;
  std::string out = fmt::format("<tr data-row='{}'{}>", position, row.flag.empty() ? "" : " class='impossible'");
  out += fmt::format("<td data-value='{0}'><button>{0}</button></td>", escape_markup(row.op));
  out += cell(row.dims, row.dims, "") + cell(row.device, row.device, "");
  out += number_cell(row.us > 0, row.us, format_time(row.us));
  out += cell(row.measured ? "measured" : "predicted", row.measured ? "measured" : "predicted", "");
  out += number_cell(known, row.fraction(), percent(row.fraction()));
  out += number_cell(known, row.weighted_headroom_us(),
                     row.weight == 1 ? format_time(row.headroom_us())
                                     : fmt::format("{} in {:g} calls", format_time(row.weighted_headroom_us()), row.weight));
  out += cell(row.limiter, row.limiter, "") + cell(next, next, "wide");
  out += cell(row.target, row.target, "") + cell(row.kernel, row.kernel, "");
  return out + "</tr>\n";
}

std::string table(const Report& report) {
  std::string out = "<thead><tr>";
  const std::pair<const char*, bool> headings[] = {
      {"operator", false}, {"dims", false}, {"device", false}, {"time", true}, {"basis", false},
      {"of roofline", true}, {"headroom", true}, {"limited by", false}, {"what would help", false},
      {"target", false}, {"kernel", false}};
  for (const auto& [heading, numeric] : headings)
    out += fmt::format("<th scope='col'{}{}><button>{}</button></th>", numeric ? " class='num'" : "",
                       std::string_view(heading) == "headroom" ? " aria-sort='descending'" : "", heading);
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < report.rows.size(); ++i) out += table_row(report.rows[i], i);
  return out + "</tbody>";
}

constexpr const char* legend =
    "<p class='legend'>"
    "<span><svg viewBox='0 0 30 16'><g class='point measured'><circle cx='15' cy='8' r='6'/></g></svg> "
    "measured</span>"
    "<span><svg viewBox='0 0 30 16'><g class='point predicted'><circle cx='15' cy='8' r='6'/></g></svg> "
    "predicted, not measured</span>"
    "<span><svg viewBox='0 0 30 16'><g class='point impossible'><path d='M9 2l12 12m0-12l-12 12'/></g></svg> "
    "above a roof: a unit or counting error</span>"
    "<span><svg viewBox='0 0 30 16'><path class='roof memory' d='M1 8h28'/></svg> measured ceiling</span>"
    "<span><svg viewBox='0 0 30 16'><path class='roof memory dashed' d='M1 8h28'/></svg> datasheet</span>"
    "</p>\n";

std::string suites(const Report& report) {
  std::string out;
  for (const ReportSuite& suite : report.suites) {
    out += fmt::format("<section><h2>{} on {}</h2>\n<p class='dim'>{}. Width: share of the time; filled: what the roofline "
                       "would need of it.</p>\n{}<details><summary>{} operators</summary><div class='scroll' tabindex='0' "
                       "role='region' aria-label='Operators of {}'><table class='suite'><thead><tr><th>operator</th>"
                       "<th class='num'>calls</th><th class='num'>time</th><th class='num'>all calls</th><th class='num'>share</th>"
                       "<th class='num'>of roofline</th><th>vendor's library</th></tr></thead><tbody>\n",
                       escape_markup(suite.name), escape_markup(suite.device), escape_markup(suite_summary(suite)),
                       suite_bar(report, suite), suite.parts.size(), escape_markup(suite.name));
    for (const ReportSuite::Part& part : suite.parts) {
      const ReportRow& row = report.rows[part.row];
      out += fmt::format("<tr><td>{} <span class='dim'>{}</span></td><td class='num'>{:g}</td><td class='num'>{}</td>"
                         "<td class='num'>{}</td><td class='num'>{}</td><td class='num'>{}</td><td>{}</td></tr>\n",
                         escape_markup(row.op), escape_markup(row.dims), part.weight, format_time(row.us),
                         format_time(part.us), percent(suite.us > 0 ? part.us / suite.us : 0),
                         row.roofline_us > 0 ? percent(row.fraction()) : "", escape_markup(baseline_text(row)));
    }
    out += "</tbody></table></div></details></section>\n";
  }
  return out;
}

std::string charts(const Report& report) {
  std::string out = "<div class='charts'>\n";
  for (const ReportDevice& device : report.devices) {
    std::size_t absent = 0;
    for (const std::size_t row : device.rows) absent += report.rows[row].drawable() ? 0 : 1;
    out += fmt::format("<figure><figcaption>{} <span class='dim'>{}</span></figcaption>\n{}",
                       escape_markup(device.name), escape_markup(device.vendor_name),
                       roofline_chart(report, device, false));
    if (device.roofs.empty())
      out += "<p class='dim'>The store does not describe this device: no ceilings.</p>\n";
    if (absent > 0)
      out += fmt::format("<p class='dim'>{} without a time or arithmetic: in the table only.</p>\n", absent);
    out += "</figure>\n";
  }
  return out + "</div>\n";
}

}  // namespace

std::string report_html(const Report& report) {
  std::size_t measured = 0;
  for (const ReportRow& row : report.rows) measured += row.measured ? 1 : 0;
  return fmt::format(
      "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>\n"
      "<meta name='viewport' content='width=device-width,initial-scale=1'>\n"
      "<link rel='icon' href='data:,'>\n<title>perftune report</title>\n<style>{}</style></head>\n<body>\n"
      "<h1>Rooflines</h1>\n<p class='dim'>{} kernels, {} measured, {} predicted only; store {}{}</p>\n"
      "{}{}{}{}<h2>What to do next</h2>\n"
      "<p class='dim'>Largest headroom times calls above the roofline first: the first row is the best use of a day.</p>\n"
      "<div class='bar'><input id='filter' type='search' placeholder='Filter: operator, dims, device, limiter' "
      "aria-label='Filter kernels'><span class='dim' id='count' aria-live='polite'></span></div>\n"
      "<div class='scroll' tabindex='0' role='region' aria-label='Kernels'><table id='kernels'>{}</table></div>\n"
      "<div id='tip' role='status'></div>\n"
      "<dialog id='detail' aria-labelledby='title'><header><h2 id='title'></h2><button id='close'>Close</button>"
      "</header><dl id='facts'></dl><pre id='source' tabindex='0'></pre></dialog>\n"
      "<script type='application/json' id='data'>{}</script>\n<script>{}</script>\n</body></html>\n",
      report_style, report.rows.size(), measured, report.rows.size() - measured, escape_markup(report.store),
      (report.more ? " (not all of it)" : "") +
          (report.against.empty() ? "" : "; arrows start where " + escape_markup(report.against) + " was"),
      legend, charts(report), suites(report), model_section(report.model_summary), table(report), data_block(report),
      report_script);
}

}  // namespace perftune
