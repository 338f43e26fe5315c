// What a report shows, as values: the rows of the store, the rooflines of their devices, and what the
// model says of each kernel. Everything comes from the store; nothing is measured or looked up
// elsewhere, so a report of a copied store is the same report.
//
// Call order: read_report, compare_with where a before is wanted, then one renderer (report_terminal,
// roofline_svg, report_html, report_json), each pure. Texts of the store may hold anything; renderers quote them.
// Error{usage} for a filter or a kernel that does not exist, Error{store} for a damaged store. A row
// whose operator or device cannot be rebuilt stays in the report and says why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/report/roofs.hpp"
#include "costmodel/prediction.hpp"
#include "db/kernel_use.hpp"
#include "db/store.hpp"
#include "tuner/slices.hpp"

namespace perftune {

// One kernel on one operator and device: a winner, or one that was asked for by its id.
struct ReportRow {
  std::string op, dims, family, dtype, device, vendor_device, target, kernel, program, policy, taken_at;
  std::string signature;
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
  std::vector<RuleApplied> rules;   // that shaped the program; only where details were asked for
  std::vector<PastOutcome> history;  // what was tried here, newest first; the same
  double weight = 1;              // calls per inference of its suite; the largest of several
  struct Other {                  // the same computation elsewhere
    std::string name;             // kernel id of the one before, or the vendor's library
    double us = 0;
    bool measured = false;
  };
  std::optional<Other> before;    // in the other store, or another kernel of this one
  std::optional<Other> baseline;  // fastest vendor kernel, measured on the same device and policy

  double intensity() const { return bytes > 0 ? flops / bytes : 0; }  // FLOP per byte
  double tflops_at(double time_us) const { return time_us > 0 ? flops / time_us * 1e-6 : 0; }
  double tflops() const { return tflops_at(us); }
  double fraction() const { return us > 0 ? roofline_us / us : 0; }   // of the roofline
  double headroom_us() const { return roofline_us > 0 && us > roofline_us ? us - roofline_us : 0; }
  double weighted_headroom_us() const { return headroom_us() * weight; }
  bool drawable() const { return flops > 0 && bytes > 0 && us > 0; }
};

// One chart: a device with the ceilings that its rows need.
struct ReportDevice {
  std::string name, vendor_name;
  std::vector<Roof> roofs;
  std::vector<std::size_t> rows;  // positions in Report::rows
};

// Where the end-to-end time of a suite on one device goes.
struct ReportSuite {
  struct Part {
    std::size_t row = 0;  // position in Report::rows
    double weight = 1;    // calls per inference of this suite
    double us = 0;        // of all its calls
  };
  std::string name, device, vendor_device;
  std::vector<Part> parts;      // longest first
  std::vector<std::string> missing;  // operators of the suite without a time on this device
  double us = 0, roofline_us = 0;    // of all calls; roofline_us 0: unknown for some part
  bool measured = true;              // false: some part is only predicted

  double fraction() const { return us > 0 ? roofline_us / us : 0; }
};

struct Report {
  std::string store;
  std::string against;          // what `before` is from; empty: nothing
  std::vector<ReportRow> rows;  // largest headroom x weight first; impossible ones before all
  std::vector<ReportDevice> devices;
  std::vector<ReportSuite> suites;
  std::string model_summary;    // JSON of the store's learned model (tuner/model_store.hpp); empty: none
  bool more = false;            // the limit cut some off
};

struct ReportRequest {
  std::vector<std::string> conditions;  // as in `perftune query`
  std::vector<std::string> kernels;     // ids or their prefixes; empty: winners
  std::string suite;                    // only this one; empty: all
  std::int64_t limit = 1000;            // rows; 0: all
  int details = 0;                      // rules and history of so many of the first rows: 20 ms each
};

Report read_report(Store& store, const ReportRequest& request, const Slices& slices);

// Fills `before` of every row whose operator, device and policy `other` has a winner for, or, with a
// kernel id, whose operator and device that kernel was tried on. Error{usage} for an unknown kernel.
void compare_with(Report& report, Store& other, const std::string& kernel = {});

}  // namespace perftune
