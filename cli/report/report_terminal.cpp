#include <fmt/format.h>

#include "cli/report/log_axes.hpp"
#include "cli/report/renderers.hpp"
#include "cli/text_table.hpp"

namespace perftune {
namespace {

constexpr int columns = 68, lines = 18, margin = 10;  // margin + columns + 1 <= 80

struct Glyphs {
  const char *slope, *slope_dashed, *flat, *flat_dashed, *measured, *predicted, *impossible, *side, *floor, *corner;
};
constexpr Glyphs unicode_glyphs = {"╱", "·", "─", "┄", "●", "○", "✗", "│", "─", "└"};
constexpr Glyphs ascii_glyphs = {"/", ".", "-", "~", "*", "o", "X", "|", "-", "+"};

// Cells of one character each, row 0 on top.
class Canvas {
 public:
  Canvas() : cells_(lines, std::vector<std::string>(columns, " ")) {}
  void put(int column, int line, const char* glyph) {
    if (column >= 0 && column < columns && line >= 0 && line < lines)
      cells_[static_cast<std::size_t>(line)][static_cast<std::size_t>(column)] = glyph;
  }
  std::string line(int index) const {
    std::string out;
    for (const auto& cell : cells_[static_cast<std::size_t>(index)]) out += cell;
    return out;
  }

 private:
  std::vector<std::vector<std::string>> cells_;
};

int column_at(const LogAxes& axes, double intensity) {
  return static_cast<int>(std::lround(axes.x.place(intensity) * (columns - 1)));
}
int line_at(const LogAxes& axes, double tflops) {
  return lines - 1 - static_cast<int>(std::lround(axes.y.place(tflops) * (lines - 1)));
}

void draw_roofs(Canvas& canvas, const ReportDevice& device, const LogAxes& axes, const Glyphs& g) {
  double peak = 0, fastest = 0;
  for (const Roof& roof : device.roofs) (roof.memory ? fastest : peak) = std::max(roof.memory ? fastest : peak, roof.rate);
  for (const bool measured : {false, true})  // measured ones on top
    for (const Roof& roof : device.roofs) {
      if (roof.measured != measured) continue;
      for (int column = 0; column < columns; ++column) {
        const double rate = attainable_tflops(roof, axes.x.value(column / (columns - 1.0)));
        const double reach = fastest * axes.x.value(column / (columns - 1.0)) / 1e3;
        if (roof.memory ? peak > 0 && rate > peak : fastest > 0 && rate > reach) continue;
        const char* glyph = roof.memory ? (measured ? g.slope : g.slope_dashed)
                                        : (measured ? g.flat : g.flat_dashed);
        canvas.put(column, line_at(axes, rate), glyph);
      }
    }
}

std::string roofs_text(const ReportDevice& device) {
  std::string out, line;
  for (const Roof& roof : device.roofs) {
    const std::string item = fmt::format("{} {:.4g} {}{}", visible_text(roof.name, false), roof.rate,
                                         roof.memory ? "GB/s" : "TFLOP/s", roof.measured ? " measured" : "");
    if (!line.empty() && line.size() + item.size() + 4 > 78) out += "  " + line + "\n", line.clear();
    line += (line.empty() ? "" : ", ") + item;
  }
  return line.empty() ? "  the store does not describe this device: no ceilings\n" : out + "  " + line + "\n";
}

std::string chart(const Report& report, const ReportDevice& device, bool unicode) {
  const Glyphs& g = unicode ? unicode_glyphs : ascii_glyphs;
  const LogAxes axes = axes_for(report, device);
  Canvas canvas;
  draw_roofs(canvas, device, axes, g);
  for (const std::size_t position : device.rows) {
    const ReportRow& row = report.rows[position];
    if (!row.drawable()) continue;
    canvas.put(column_at(axes, row.intensity()), line_at(axes, row.tflops()),
               !row.flag.empty() ? g.impossible : row.measured ? g.measured : g.predicted);
  }
  std::string out = fmt::format("{}  {}\n", visible_text(device.name, unicode), visible_text(device.vendor_name, unicode));
  for (int line = 0; line < lines; ++line) {
    const bool labelled = line % 4 == 0 || line == lines - 1;
    const double tflops = axes.y.value(1 - line / (lines - 1.0));
    out += fmt::format("{:>{}} {}{}\n", labelled ? fmt::format("{:.3g}", tflops) : "", margin - 1, g.side, canvas.line(line));
  }
  out += std::string(margin, ' ') + g.corner;
  for (int i = 0; i < columns; ++i) out += g.floor;
  const std::string left = fmt::format("{:.3g}", axes.x.value(0)), right = fmt::format("{:.3g}", axes.x.value(1));
  out += fmt::format("\n{:>{}}{}{:^{}}{}\n", "TFLOP/s", margin, " " + left, "FLOP/byte",
                     columns - static_cast<int>(left.size() + right.size()), right);
  out += fmt::format("  {} measured   {} predicted, not measured   {} above a roof: an error\n", g.measured,
                     g.predicted, g.impossible);
  out += fmt::format("  {}{} measured ceiling   {}{} datasheet\n", g.slope, g.flat, g.slope_dashed, g.flat_dashed);
  return out + roofs_text(device);
}

// Cut to `width` code points, with dots where something is missing.
std::string cut(const std::string& text, std::size_t width) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xC0) == 0x80) continue;
    if (seen++ == width - 2 && text.size() - i > 2) return text.substr(0, i) + "..";
  }
  return text;
}

std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out, line;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && indent + line.size() + 1 + word.size() > 79)
      out += std::string(indent, ' ') + line + "\n", line.clear();
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return out + std::string(indent, ' ') + line + "\n";
}

std::string suite_text(const Report& report, const ReportSuite& suite, bool unicode) {
  std::string out = wrapped(visible_text(suite.name + " on " + suite.device + ": " + suite_summary(suite), unicode), 0);
  for (const ReportSuite::Part& part : suite.parts) {
    const ReportRow& row = report.rows[part.row];
    const double share = suite.us > 0 ? part.us / suite.us : 0;
    std::string bar;
    for (int i = 0; i < static_cast<int>(std::lround(share * 24)); ++i) bar += unicode ? "█" : "#";
    const std::string who = cut(visible_text(row.op, unicode), 26);
    out += fmt::format("  {}{} {:>6} x {:>9} {:>4.0f} % {:>5} {}\n", who, std::string(26 - std::min<std::size_t>(26, who.size()), ' '),
                       fmt::format("{:g}", part.weight), format_time(row.us), 100 * share,
                       row.roofline_us > 0 ? fmt::format("{:.0f} %", 100 * row.fraction()) : "", bar);
  }
  return out + "  (calls x time, share of the suite, of the roofline)\n";
}

// Whether the same operator on the same device has a winner under another policy: then the policy has to be said.
bool elsewise(const Report& report, const ReportRow& row) {
  return std::ranges::any_of(report.rows, [&](const ReportRow& other) {
    return other.signature == row.signature && other.device == row.device && other.vendor_device == row.vendor_device &&
           other.policy != row.policy;
  });
}

std::string next_steps(const Report& report, bool unicode) {
  std::string out = report.suites.empty() ? "What to do next (largest headroom first)\n"
                                          : "What to do next (largest headroom times calls first)\n";
  out += fmt::format("{:<40} {:>9} {:>8} {:>9} {}\n", "", "time", "of roof", "headroom", "limited by");
  for (const ReportRow& row : report.rows) {
    const bool known = row.roofline_us > 0 && row.us > 0;
    const std::string who = cut(visible_text(row.op + " " + row.dims, unicode), 40);
    out += fmt::format("{}{} {:>9} {:>8} {:>9} {}\n", who, std::string(40 - std::min<std::size_t>(40, who.size()), ' '),
                       row.us > 0 ? format_time(row.us) : "", known ? fmt::format("{:.0f} %", 100 * row.fraction()) : "",
                       known ? format_time(row.headroom_us()) : "", visible_text(row.limiter, unicode));
    out += fmt::format("    {} on {}, {} {}\n", row.measured ? "measured" : "predicted, not measured",
                       visible_text(row.device, unicode), visible_text(row.target, unicode), visible_text(row.kernel, unicode));
    if (elsewise(report, row)) out += wrapped("under " + visible_text(row.policy, unicode), 4);
    if (row.weight != 1) out += fmt::format("    {:g} calls: {} of headroom\n", row.weight, format_time(row.weighted_headroom_us()));
    if (row.before) out += wrapped(before_text(row), 4);
    if (const std::string vendor = baseline_text(row); !vendor.empty()) out += wrapped(visible_text(vendor, unicode), 4);
    if (!row.flag.empty()) out += wrapped("ERROR " + visible_text(row.flag, unicode), 4);
    if (!row.advice.empty()) out += wrapped("help: " + visible_text(row.advice, unicode), 4);
    if (!row.note.empty()) out += wrapped("note: " + visible_text(row.note, unicode), 4);
  }
  return out;
}

}  // namespace

std::string report_terminal(const Report& report, bool unicode) {
  std::string out;
  for (const ReportDevice& device : report.devices) out += chart(report, device, unicode) + "\n";
  for (const ReportSuite& suite : report.suites) out += suite_text(report, suite, unicode) + "\n";
  return report.rows.empty() ? "Nothing to show.\n" : out + next_steps(report, unicode);
}

}  // namespace perftune
