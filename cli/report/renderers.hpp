// A report as text for people and programs. Pure. Whatever a store's text holds (quotes, markup,
// newlines, terminal escapes) is shown and never takes effect.
#pragma once

#include <string>
#include <string_view>

#include "cli/report/report_data.hpp"

namespace perftune {

// Charts and the table of what to do next, 80 columns wide. `unicode` false: ASCII only.
std::string report_terminal(const Report& report, bool unicode);

// One document with a `schema`; what does not apply is null.
std::string report_json(const Report& report);

// One chart per device, below each other, in one document that needs nothing else.
std::string report_svg(const Report& report);

// One page that needs nothing else: charts, table, and on demand a kernel's program and source.
std::string report_html(const Report& report);

// The chart of one device as an <svg> element; `standalone` adds its own style and legend.
std::string roofline_chart(const Report& report, const ReportDevice& device, bool standalone);

// A suite's time as a stacked bar, an <svg> element.
std::string suite_bar(const Report& report, const ReportSuite& suite);

// The learned model's calibration and errors as a section of a page; empty without a model, or where its
// summary cannot be read.
std::string model_section(const std::string& summary);

// One line each; empty where there is nothing to compare with.
std::string suite_summary(const ReportSuite& suite);   // "3.2 ms end to end, ..."
std::string before_text(const ReportRow& row);         // "71 us before, 1.14 times faster now"
std::string baseline_text(const ReportRow& row);       // "60 us by onednn: 0.97 of its speed"

// `text` between tags or in a quoted attribute of XML or HTML.
std::string escape_markup(std::string_view text);

// Control characters as escapes: a name must not move the cursor.
std::string visible_text(std::string_view text, bool unicode);

}  // namespace perftune
