// What a report shows, as values: the rows of the store, the rooflines of their devices, and what the
// model says of each kernel. Everything comes from the store; nothing is measured or looked up
// elsewhere, so a report of a copied store is the same report.
//
// Call order: read_report, then one renderer (report_terminal, roofline_svg, report_html,
// report_json), each pure. Texts of the store may hold anything; renderers quote them.
// Error{usage} for a filter or a kernel that does not exist, Error{store} for a damaged store. A row
// whose operator or device cannot be rebuilt stays in the report and says why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/report/roofs.hpp"
#include "costmodel/prediction.hpp"
#include "db/store.hpp"
#include "tuner/slices.hpp"

namespace perftune {

// One kernel on one operator and device: a winner, or one that was asked for by its id.
struct ReportRow {
  std::string op, dims, family, dtype, device, target, kernel, program, policy, taken_at;
  std::string source;             // of the kernel; empty for imported results
  bool measured = false;          // false: `us` is the model's, and is shown as such
  double us = 0;                  // measured, else predicted
  std::optional<double> predicted_us;
  std::optional<double> spread;
  double flops = 0;
  double bytes = 0;               // compulsory traffic
  double roofline_us = 0;         // least time the device allows; 0: unknown
  std::string bound;              // ceiling that sets roofline_us: "dram", "tensor f16"
  std::string limiter;            // stage of the model that sets the time
  std::string advice;             // what the model expects to help most
  std::vector<StageTime> stages;  // of the model; empty when it cannot be asked
  double dram_bytes = 0, l2_bytes = 0;  // modelled traffic; 0: unknown
  std::string flag;               // an impossible place above a roof; empty: none
  std::string note;               // why something is absent, or what to know of the figure

  double intensity() const { return bytes > 0 ? flops / bytes : 0; }  // FLOP per byte
  double tflops() const { return us > 0 ? flops / us * 1e-6 : 0; }
  double fraction() const { return us > 0 ? roofline_us / us : 0; }   // of the roofline
  double headroom_us() const { return roofline_us > 0 && us > roofline_us ? us - roofline_us : 0; }
  bool drawable() const { return flops > 0 && bytes > 0 && us > 0; }
};

// One chart: a device with the ceilings that its rows need.
struct ReportDevice {
  std::string name, vendor_name;
  std::vector<Roof> roofs;
  std::vector<std::size_t> rows;  // positions in Report::rows
};

struct Report {
  std::string store;
  std::vector<ReportRow> rows;  // largest headroom first; impossible ones before all
  std::vector<ReportDevice> devices;
  bool more = false;            // the limit cut some off
};

struct ReportRequest {
  std::vector<std::string> conditions;  // as in `perftune query`
  std::vector<std::string> kernels;     // ids or their prefixes; empty: winners
  std::int64_t limit = 1000;            // rows; 0: all
};

Report read_report(Store& store, const ReportRequest& request, const Slices& slices);

}  // namespace perftune
