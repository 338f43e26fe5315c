#include <fmt/format.h>

#include "cli/report/log_axes.hpp"
#include "cli/report/renderers.hpp"
#include "cli/text_table.hpp"

namespace perftune {
namespace {

constexpr double width = 760, height = 460, left = 62, right = 744, top = 14, bottom = 410;

class Chart {
 public:
  Chart(const Report& report, const ReportDevice& device)
      : report_(report), device_(device), axes_(axes_for(report, device)) {
    for (const Roof& roof : device.roofs)
      if (!roof.memory) peak_ = std::max(peak_, roof.rate);
  }

  std::string inside() {
    grid();
    for (const Roof& roof : device_.roofs)
      if (roof.memory) slanted(roof);
    for (const Roof& roof : device_.roofs)
      if (!roof.memory) horizontal(roof);
    for (const std::size_t position : device_.rows) point(position);
    return out_;
  }

 private:
  double x(double intensity) const { return left + axes_.x.place(intensity) * (right - left); }
  double y(double tflops) const { return bottom - axes_.y.place(tflops) * (bottom - top); }

  void grid() {
    const auto decades = [](const LogRange& range, auto draw) {
      for (int e = static_cast<int>(std::ceil(range.low)); e <= std::floor(range.high); ++e)
        draw(std::pow(10.0, e));
    };
    decades(axes_.x, [&](double v) {
      out_ += fmt::format("<line class='grid' x1='{0:.1f}' x2='{0:.1f}' y1='{1}' y2='{2}'/>"
                          "<text class='tick' x='{0:.1f}' y='{3}' text-anchor='middle'>{4:g}</text>\n",
                          x(v), top, bottom, bottom + 18, v);
    });
    decades(axes_.y, [&](double v) {
      out_ += fmt::format("<line class='grid' y1='{0:.1f}' y2='{0:.1f}' x1='{1}' x2='{2}'/>"
                          "<text class='tick' x='{3}' y='{4:.1f}' text-anchor='end'>{5:g}</text>\n",
                          y(v), left, right, left - 6, y(v) + 4, v);
    });
    out_ += fmt::format("<text class='axis' x='{}' y='{}' text-anchor='middle'>FLOP per byte of "
                        "compulsory traffic</text>\n<text class='axis' text-anchor='middle' "
                        "transform='translate(16 {}) rotate(-90)'>TFLOP/s</text>\n",
                        (left + right) / 2, bottom + 38, (top + bottom) / 2);
  }

  static const char* roof_class(const Roof& roof) {
    return roof.measured ? "roof solid" : "roof dashed";
  }

  static std::string roof_title(const Roof& roof) {
    return fmt::format("{} {:.4g} {}, {}", roof.name, roof.rate, roof.memory ? "GB/s" : "TFLOP/s",
                       roof.measured ? "measured" : "datasheet");
  }

  // Clipped to the chart: from the left or bottom edge up to the highest peak.
  void slanted(const Roof& roof) {
    const double high = peak_ > 0 ? peak_ : axes_.y.value(1);
    const double x_edge = axes_.x.value(0);
    const double from = std::max(x_edge, intensity_at(roof, axes_.y.value(0)));
    const double to = std::min(intensity_at(roof, high), axes_.x.value(1));
    if (from >= to) return;
    const auto at = [&](double intensity) { return y(attainable_tflops(roof, intensity)); };
    out_ += fmt::format("<line class='{} memory' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'>"
                        "<title>{}</title></line>\n",
                        roof_class(roof), x(from), at(from), x(to), at(to), roof_title(roof));
    if (!roof.measured && has_measured(roof.name)) return;  // one label is enough
    const double angle = std::atan2(at(to) - at(from), x(to) - x(from)) * 57.29578;
    // Near the lower end, where parallel roofs are as far apart as anywhere and points are few.
    const double label_x = x(from) + 10, label_y = at(from) + std::tan(angle / 57.29578) * 10;
    out_ += fmt::format("<text class='label' transform='translate({:.1f} {:.1f}) rotate({:.1f})' "
                        "dy='-5'>{} {:.3g} GB/s</text>\n",
                        label_x, label_y, angle, escape_markup(roof.name), roof.rate);
  }

  void horizontal(const Roof& roof) {
    double from = axes_.x.value(0);
    double fastest = 0;
    for (const Roof& other : device_.roofs)
      if (other.memory) fastest = std::max(fastest, other.rate);
    if (fastest > 0) from = std::max(from, roof.rate * 1e3 / fastest);
    if (x(from) >= right || y(roof.rate) > bottom) return;
    out_ += fmt::format("<line class='{} peak' x1='{:.1f}' x2='{}' y1='{:.1f}' y2='{:.1f}'>"
                        "<title>{}</title></line>\n",
                        roof_class(roof), x(from), right, y(roof.rate), y(roof.rate),
                        roof_title(roof));
    if (!roof.measured && has_measured(roof.name)) return;
    // Ceilings close to each other take turns to the left.
    double label_x = right - 4;
    for (const auto& [taken_x, taken_y] : labels_)
      if (std::abs(taken_y - y(roof.rate)) < 22 && std::abs(taken_x - label_x) < 190) label_x -= 230;
    labels_.emplace_back(label_x, y(roof.rate));
    out_ += fmt::format("<text class='label' text-anchor='end' x='{:.1f}' y='{:.1f}'>{} {:.3g} "
                        "TFLOP/s</text>\n",
                        label_x, y(roof.rate) - 5, escape_markup(roof.name), roof.rate);
  }

  bool has_measured(const std::string& name) const {
    for (const Roof& roof : device_.roofs)
      if (roof.name == name && roof.measured) return true;
    return false;
  }

  // Where the model sees the kernel at each level: shown while the point is pointed at.
  std::string levels(const ReportRow& row) const {
    std::string out;
    const auto mark = [&](double bytes, const char* level) {
      if (bytes <= 0) return;
      const double at = std::clamp(x(row.flops / bytes), left, right);
      out += fmt::format("<path class='level' d='M{:.1f} {:.1f}L{:.1f} {:.1f}m-4 0l4-4 4 4-4 4z'>"
                         "<title>modelled {} traffic</title></path>",
                         x(row.intensity()), y(row.tflops()), at, y(row.tflops()), level);
    };
    mark(row.dram_bytes, "DRAM");
    mark(row.l2_bytes, "L2");
    return out;
  }

  // From where it was before to where it is; short of the point, so that the head shows.
  std::string arrow(const ReportRow& row) const {
    if (!row.before) return "";
    const double px = x(row.intensity()), from = y(row.tflops_at(row.before->us)), to = y(row.tflops());
    const double way = to - from;
    if (std::abs(way) < 10) return "";
    const double sign = way > 0 ? 1 : -1, end = to - sign * 7;
    return fmt::format("<path class='before' d='M{0:.1f} {1:.1f}L{0:.1f} {2:.1f}M{3:.1f} {4:.1f}L{0:.1f} {2:.1f}L{5:.1f} {4:.1f}"
                       "M{6:.1f} {1:.1f}h8'/>",
                       px, from, end, px - 4, end - sign * 6, px + 4, px - 4);
  }

  void point(std::size_t position) {
    const ReportRow& row = report_.rows[position];
    if (!row.drawable()) return;
    const bool wrong = !row.flag.empty();
    const double px = x(row.intensity()), py = y(row.tflops());
    const std::string was = before_text(row);
    const std::string title = fmt::format(
        "{} {}: {} {}{}{}", row.op, row.dims, format_time(row.us),
        row.measured ? "measured" : "predicted, not measured", was.empty() ? "" : "; " + was, wrong ? "; " + row.flag : "");
    const std::string shape =
        wrong ? fmt::format("<path d='M{:.1f} {:.1f}l12 12m0-12l-12 12'/>", px - 6, py - 6)
              : fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='6'/>", px, py);
    out_ += fmt::format("<g class='point {}{}' tabindex='0' role='button' data-row='{}' "
                        "aria-label='{}'><title>{}</title>{}{}</g>\n",
                        row.measured ? "measured" : "predicted", wrong ? " impossible" : "", position,
                        escape_markup(title), escape_markup(title), arrow(row) + levels(row), shape);
  }

  const Report& report_;
  const ReportDevice& device_;
  LogAxes axes_;
  double peak_ = 0;
  std::vector<std::pair<double, double>> labels_;
  std::string out_;
};

constexpr const char* style = R"(<style>
svg{--ink:#1b1f24;--dim:#5b6570;--line:#d9dee3;--mem:#0f766e;--peak:#9a3412;--pt:#1d4ed8;--bad:#c8102e;--bg:#fff;
 background:var(--bg);font:13px system-ui,sans-serif}
@media(prefers-color-scheme:dark){svg{--ink:#e6e9ec;--dim:#9aa4ae;--line:#333a41;--mem:#5eead4;--peak:#fdba74;--pt:#93b4ff;--bad:#ff6b7d;--bg:#14171a}}
text{fill:var(--ink)}
)";
constexpr const char* shared_style = R"(.grid{stroke:var(--line)}.tick,.axis{fill:var(--dim)}
.roof{fill:none;stroke-width:1.8}.dashed{stroke-dasharray:6 5}.memory{stroke:var(--mem)}.peak{stroke:var(--peak)}
.point circle{stroke:var(--pt);stroke-width:2.2}.measured circle{fill:var(--pt)}.predicted circle{fill:var(--bg)}
.impossible path:last-child{stroke:var(--bad);stroke-width:3;fill:none}
.before{stroke:var(--dim);stroke-width:1.6;fill:none}
.slot{fill:var(--pt);fill-opacity:.16;stroke:var(--bg);stroke-width:1.5}.reached{fill:var(--pt);fill-opacity:.42}
.predicted .reached{fill-opacity:.2}.part:focus .slot,.part:hover .slot{stroke:var(--ink)}
.level{display:none;stroke:var(--pt);fill:none}.point:hover .level,.point:focus .level{display:inline}
)";

std::string legend(bool before) {
  return fmt::format(
      "<g class='legend' transform='translate({} {})'>"
      "<g class='point measured'><circle cx='6' cy='-4' r='6'/></g><text x='18'>measured</text>"
      "<g class='point predicted'><circle cx='106' cy='-4' r='6'/></g>"
      "<text x='118'>predicted, not measured</text>"
      "<g class='point impossible'><path d='M280-10l12 12m0-12l-12 12'/></g>"
      "<text x='298'>above a roof: an error</text>"
      "<line class='roof solid memory' x1='446' x2='476' y1='-4' y2='-4'/><text x='482'>measured "
      "roof</text><line class='roof dashed memory' x1='582' x2='612' y1='-4' y2='-4'/>"
      "<text x='618'>datasheet</text>{}</g>\n",
      left - 40, height + 14,
      before ? "<path class='before' d='M700 4v-12m-4 6l4-6 4 6m-8 6h8'/><text x='710'>before</text>" : "");
}

}  // namespace

std::string roofline_chart(const Report& report, const ReportDevice& device, bool standalone) {
  return fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' class='roofline' viewBox='0 0 {} {}' role='group' "
      "aria-label='Roofline of {}'>\n{}{}{}</svg>\n",
      width, standalone ? height + 28 : height, escape_markup(device.name),
      std::string("<style>") + shared_style + "</style>\n",
      Chart(report, device).inside(), standalone ? legend(!report.against.empty()) : "");
}

std::string report_svg(const Report& report) {
  const double each = height + 70, suite_each = 120;
  std::string out = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0}' height='{1}' viewBox='0 0 {0} {1}'>\n{2}"
      "</style>\n",
      width, static_cast<std::size_t>(static_cast<double>(std::max<std::size_t>(1, report.devices.size())) * each +
                               static_cast<double>(report.suites.size()) * suite_each),
      std::string(style) + shared_style);
  double at = 0;
  for (const ReportDevice& device : report.devices) {
    out += fmt::format("<text x='{}' y='{}' font-size='16'>{}</text>\n<g transform='translate(0 {})'>",
                       left, at + 22, escape_markup(device.name + "  " + device.vendor_name), at + 30);
    out += roofline_chart(report, device, true) + "</g>\n";
    at += each;
  }
  for (const ReportSuite& suite : report.suites) {
    out += fmt::format("<text x='{0}' y='{1}' font-size='16'>{2}</text>\n<text class='axis' x='{0}' y='{3}'>{4}</text>\n"
                       "<svg x='0' y='{5}' width='{6}' height='78'>",
                       left - 40, at + 14, escape_markup(suite.name + " on " + suite.device), at + 32,
                       escape_markup(suite_summary(suite)), at + 38, width);
    out += suite_bar(report, suite) + "</svg>\n";
    at += suite_each;
  }
  if (report.devices.empty()) out += "<text x='62' y='40'>Nothing to show.</text>\n";
  return out + "</svg>\n";
}

}  // namespace perftune
