// How often which suite calls an operator, and where a suite's time goes. Internal to cli/report.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/report/report_data.hpp"

namespace perftune {

struct SuiteWeights {
  struct Member {
    std::string signature, name;
    double weight = 1;
  };
  std::map<std::string, std::vector<Member>> members;  // by suite

  // The largest weight that any of the suites gives it; nullopt when none calls it.
  std::optional<double> calls(const std::string& signature) const;
};

// Of the store's suites, or of `only`. Error{usage} when there is no such suite.
SuiteWeights read_suites(Store& store, const std::string& only);

// One per suite and device that ran at least one of its operators. Where a device has several rows of
// one operator (policies), the measured one counts, then the faster.
std::vector<ReportSuite> suite_views(const Report& report, const SuiteWeights& suites);

// The fastest measured kernel of a vendor's library ("vendor/...") per operator, device and policy.
void find_baselines(Report& report, Store& store);

}  // namespace perftune
