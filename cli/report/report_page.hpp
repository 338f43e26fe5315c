// The fixed parts of the HTML report: its style and its script, plain and without dependencies.
#pragma once

namespace perftune {

extern const char* const report_style;
extern const char* const report_script;

}  // namespace perftune
