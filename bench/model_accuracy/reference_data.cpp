#include "reference_data.hpp"

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "costmodel/library_model.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune::bench {
namespace {

std::string unzip(const std::string& file) {
  const std::string command = "zcat '" + file + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text, chunk(1 << 16, '\0');
  while (pipe) {
    const std::size_t got = fread(chunk.data(), 1, chunk.size(), pipe.get());
    if (got == 0) break;
    text.append(chunk, 0, got);
  }
  return text;
}

// Rows of a CSV without quotes, as column name -> text.
using CsvRow = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) {
    if (!cell.empty() && cell.back() == '\r') cell.pop_back();
    cells.push_back(cell);
  }
  return cells;
}

template <typename Use>
void each_row(const std::string& file, const Use& use) {
  if (!std::filesystem::exists(file)) return;
  std::stringstream in(unzip(file));
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = split(line);
  while (std::getline(in, line)) {
    const std::vector<std::string> cells = split(line);
    CsvRow row;
    for (std::size_t i = 0; i < std::min(cells.size(), header.size()); ++i) row[header[i]] = cells[i];
    use(row);
  }
}

double number(const CsvRow& row, const char* column, double absent = 0) {
  const auto it = row.find(column);
  return it == row.end() || it->second.empty() ? absent : std::stod(it->second);
}

// The fp32 table was measured on PCIe boards: the catalogue's chip at the board's own datasheet
// clock and power limit (V100-PCIe: 1,380 MHz, 250 W; A100-PCIe: 250 W).
Hardware fp32_device(const std::string& name) {
  if (name == "t4") return find_hardware("t4");
  if (name == "a100-pcie-40gb") {
    Hardware hw = find_hardware("a100-sxm-40gb");
    hw.power_watts = 250;
    return hw;
  }
  Hardware hw = find_hardware("v100-sxm2-32gb");
  const double slower = 1.38 / hw.boost_ghz;
  hw.boost_ghz = hw.tensor_ghz = 1.38;
  for (auto& [type, peak] : hw.scalar_tflops) peak *= slower;
  hw.power_watts = 250;
  return hw;
}

// Those times are between events around one call of a framework: straight lines through the elementwise times of
// each operator and GPU (us against bytes) meet zero bytes at 14 to 27 us, median 18, on all three GPUs alike.
// Less the first loads, which the model has, that is what a launch costs in this campaign.
LaunchContext framework_call() {
  LaunchContext context;
  context.launch_us = 14;
  context.a_rotation = context.b_rotation = 1;
  return context;
}

constexpr const char* kFp32 = "/fp32_ops_v100_t4_a100.csv.gz";
constexpr const char* kFp32Devices[] = {"v100-pcie-32gb", "t4", "a100-pcie-40gb"};

}  // namespace

std::vector<GemmSet> read_bf16_gemms(const std::string& folder) {
  const std::pair<const char*, const char*> files[] = {
      {"h100-sxm", "gemm_bf16_h100_sxm"}, {"a100-sxm-80gb", "gemm_bf16_a100_sxm"}, {"l40s", "gemm_bf16_l40s"}};
  std::vector<GemmSet> sets;
  for (const auto& [gpu, file] : files) {
    GemmSet set{std::string("bf16 gemm ") + gpu, find_hardware(gpu), DType::bf16, library_context(), {}};
    each_row(folder + "/" + file + ".csv.gz", [&](const CsvRow& row) {
      set.rows.push_back({1, number(row, "m"), number(row, "n"), number(row, "k"),
                          number(row, "latency_ms") * 1e3});
    });
    if (!set.rows.empty()) sets.push_back(std::move(set));
  }
  return sets;
}

std::vector<GemmSet> read_fp32_gemms(const std::string& folder) {
  std::vector<GemmSet> sets;
  for (const char* device : kFp32Devices)
    for (const char* op : {"linear", "bmm"}) {
      GemmSet set{std::string("fp32 ") + op + " " + device, fp32_device(device), DType::f32, framework_call(), {}};
      each_row(folder + kFp32, [&](const CsvRow& row) {
        if (row.at("gpu") != device || row.at("op") != op) return;
        // The reduction is over the column n, and k is the output's width: of the traced grids, 4x8x384 blocks
        // of volta_sgemm_128x64 at m = k = 512, n = 96 cover 512 x 512 outputs, and 24x16 of 32x32 at m 512,
        // n 768, k 768 likewise; where n and k differ no other reading gives the grid.
        set.rows.push_back({number(row, "b", 1), number(row, "m"), number(row, "k"), number(row, "n"),
                            number(row, "latency_ms") * 1e3});
      });
      if (!set.rows.empty()) sets.push_back(std::move(set));
    }
  return sets;
}

std::vector<StreamSet> read_fp32_streams(const std::string& folder) {
  std::vector<StreamSet> sets;
  for (const char* device : kFp32Devices) {
    StreamSet set{device, fp32_device(device), framework_call(), {}};
    each_row(folder + kFp32, [&](const CsvRow& row) {
      if (row.at("gpu") != device || row.at("op") == "linear" || row.at("op") == "bmm") return;
      set.rows.push_back({row.at("op"), number(row, "rows"), number(row, "cols"), number(row, "latency_ms") * 1e3});
    });
    if (!set.rows.empty()) sets.push_back(std::move(set));
  }
  return sets;
}

std::optional<RecordedSpace> read_kernel_tuner(const std::string& file) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  const nlohmann::json cache = nlohmann::json::parse(unzip(file));
  RecordedSpace space;
  for (const auto& name : cache.at("tune_params_keys")) space.parameters.push_back(name.get<std::string>());
  for (const auto& [key, row] : cache.at("cache").items()) {
    for (const std::string& name : space.parameters) space.values.push_back(row.at(name).get<double>());
    const auto& time = row.at("time");
    space.times.push_back(time.is_number() ? time.get<double>() : 0);  // an error text: failed
  }
  return space;
}

ContractionWork work_of(const GemmSet& set, const GemmRow& row) {
  const double bytes = static_cast<double>(size_bytes(set.type));
  ContractionWork w;
  w.batch = row.batch;
  w.m = row.m;
  w.n = row.n;
  w.k = row.k;
  w.multiply = set.type;
  w.a = {bytes, 1, row.batch * row.m * row.k * bytes};
  w.b = {bytes, 1, row.batch * row.n * row.k * bytes};
  w.c = {bytes, 1, row.batch * row.m * row.n * bytes};
  return w;
}

}  // namespace perftune::bench
