// One table of fields drives both directions, so that what is written can be read back.
#include "recipes/hardware_file.hpp"

#include <algorithm>
#include <cstdint>

#include "recipes/strict_yaml.hpp"
#include "recipes/words.hpp"

namespace perftune {

namespace {

// Calls visit(key, field) for every numeric field; `hardware` may be const.
template <typename HardwareType, typename Visit>
void visit_numbers(HardwareType& h, Visit visit) {
  visit("sms", h.sms);
  visit("boost_ghz", h.boost_ghz);
  visit("tensor_ghz", h.tensor_ghz);
  visit("power_watts", h.power_watts);
  visit("dram_gbps", h.dram_gbps);
  visit("dram_gib", h.dram_gib);
  visit("l2_mib", h.l2_mib);
  visit("l2_gbps", h.l2_gbps);
  visit("launch_us_stream", h.launch_us_stream);
  visit("launch_us_graph", h.launch_us_graph);
}

template <typename Limits, typename Visit>
void visit_sm(Limits& sm, Visit visit) {
  visit("max_threads", sm.max_threads);
  visit("max_warps", sm.max_warps);
  visit("max_blocks", sm.max_blocks);
  visit("max_threads_per_block", sm.max_threads_per_block);
  visit("registers", sm.registers);
  visit("registers_per_block", sm.registers_per_block);
  visit("max_registers_per_thread", sm.max_registers_per_thread);
  visit("register_allocation", sm.register_allocation);
  visit("shared_bytes", sm.shared_bytes);
  visit("shared_bytes_per_block", sm.shared_bytes_per_block);
  visit("shared_bytes_optin", sm.shared_bytes_optin);
  visit("shared_bytes_reserved", sm.shared_bytes_reserved);
  visit("shared_allocation", sm.shared_allocation);
  visit("sub_partitions", sm.sub_partitions);
  visit("shared_bytes_per_clock", sm.shared_bytes_per_clock);
}

template <typename Limits, typename Visit>
void visit_cpu(Limits& cpu, Visit visit) {
  visit("cores", cpu.cores);
  visit("simd_bits", cpu.simd_bits);
  visit("vector_registers", cpu.vector_registers);
  visit("fma_per_cycle", cpu.fma_per_cycle);
  visit("fma_latency", cpu.fma_latency);
  visit("l1_bytes", cpu.l1_bytes);
  visit("l2_bytes", cpu.l2_bytes);
  visit("l3_bytes", cpu.l3_bytes);
  visit("clock_ghz", cpu.clock_ghz);
}

// Reads the fields of one map and remembers their keys, so that others can be refused.
struct FieldReader {
  const YamlNode& map;
  std::vector<std::string_view>& known;

  void operator()(std::string_view key, double& field) const {
    known.push_back(key);
    if (const YamlNode* node = map.find(key)) {
      field = node->expect_number(key);
      if (field < 0) node->fail(words("{} is negative", key));
    }
  }
  void operator()(std::string_view key, std::int64_t& field) const {
    known.push_back(key);
    if (const YamlNode* node = map.find(key)) {
      field = node->expect_integer(key);
      if (field < 0) node->fail(words("{} is negative", key));
    }
  }
  void operator()(std::string_view key, int& field) const {
    std::int64_t wide = field;
    (*this)(key, wide);
    if (wide > INT32_MAX) map.find(key)->fail(words("{} is too large", key));
    field = static_cast<int>(wide);
  }
};

std::map<DType, double> read_peaks(const YamlNode& map) {
  std::map<DType, double> peaks;
  map.expect_map("peaks by type");
  for (std::size_t i = 0; i < map.keys().size(); ++i) {
    const auto type = parse_dtype(map.keys()[i].text());
    if (!type) map.keys()[i].fail(words("unknown type '{}'", map.keys()[i].text()));
    peaks[*type] = map.items()[i].expect_number("a peak");
    if (!(peaks[*type] > 0)) map.items()[i].fail("a peak is positive");
  }
  return peaks;
}

void read_texts(const YamlNode& root, Hardware& h) {
  const auto text = [&](std::string_view key, std::string& field) {
    if (const YamlNode* node = root.find(key)) field = node->expect_text(key);
  };
  h.name = root.required("name").expect_text("name");
  text("vendor_name", h.vendor_name);
  text("note", h.note);
  if (const YamlNode* kind = root.find("kind")) {
    const std::string& word = kind->expect_text("kind");
    if (word != "gpu" && word != "cpu")
      kind->fail(words("unknown kind '{}'", word), "gpu or cpu");
    h.kind = word == "cpu" ? Hardware::Kind::cpu : Hardware::Kind::gpu;
  }
  h.arch = root.required("arch").expect_text("arch");
  if (const YamlNode* aliases = root.find("aliases"))
    for (const YamlNode& alias : aliases->expect_list("aliases").items())
      h.aliases.push_back(alias.expect_text("an alias"));
  if (const YamlNode* only = root.find("model_only"))
    h.model_only = only->expect_bool("model_only");
  if (const YamlNode* measured = root.find("measured")) {
    measured->expect_map("measured");
    for (std::size_t i = 0; i < measured->keys().size(); ++i) {
      const YamlNode& entry = measured->items()[i].expect_map("a measured ceiling");
      entry.expect_keys({"value", "source"});
      h.measured[measured->keys()[i].text()] = {entry.required("value").expect_number("value"),
                                                entry.required("source").expect_text("source")};
    }
  }
  if (const YamlNode* sources = root.find("sources")) {
    sources->expect_map("sources");
    for (std::size_t i = 0; i < sources->keys().size(); ++i)
      h.sources[sources->keys()[i].text()] = sources->items()[i].expect_text("a source");
  }
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result + '"';
}

std::string peaks_text(const std::map<DType, double>& peaks) {
  std::vector<std::string> entries;
  for (const auto& [type, value] : peaks)
    entries.push_back(words("{}: {}", name(type), value));
  return words("{{{}}}", joined(entries, ", "));
}

}  // namespace

Hardware read_hardware(const YamlNode& root) {
  root.expect_map("a hardware file");
  Hardware h;
  std::vector<std::string_view> known = {
      "name", "vendor_name", "kind",          "aliases",       "arch",     "model_only", "note",
      "sm",   "cpu",         "scalar_tflops", "tensor_tflops", "measured", "sources"};
  const FieldReader top{root, known};
  top("compute_capability", h.compute_capability);
  visit_numbers(h, top);
  root.expect_keys(known);
  read_texts(root, h);
  if (const YamlNode* sm = root.find("sm")) {
    std::vector<std::string_view> fields;
    visit_sm(h.sm, FieldReader{sm->expect_map("sm"), fields});
    sm->expect_keys(fields);
  }
  if (const YamlNode* cpu = root.find("cpu")) {
    std::vector<std::string_view> fields = {"isa"};
    visit_cpu(h.cpu, FieldReader{cpu->expect_map("cpu"), fields});
    cpu->expect_keys(fields);
    if (const YamlNode* isa = cpu->find("isa")) h.cpu.isa = isa->expect_text("isa");
  }
  if (const YamlNode* peaks = root.find("scalar_tflops")) h.scalar_tflops = read_peaks(*peaks);
  if (const YamlNode* peaks = root.find("tensor_tflops")) h.tensor_tflops = read_peaks(*peaks);
  if (h.sms < 1) root.fail("sms is missing or zero", "the number of streaming multiprocessors");
  return h;
}

std::string format_hardware(const Hardware& h) {
  std::string text;
  const auto line = [&](std::string_view key, const auto& value) {
    text += words("{}: {}\n", key, value);
  };
  const auto inner = [&](std::string_view key, const auto& value) {
    text += words("  {}: {}\n", key, value);
  };
  line("name", quoted(h.name));
  line("vendor_name", quoted(h.vendor_name));
  line("kind", h.kind == Hardware::Kind::cpu ? "cpu" : "gpu");
  std::vector<std::string> aliases;
  for (const std::string& alias : h.aliases) aliases.push_back(quoted(alias));
  line("aliases", words("[{}]", joined(aliases, ", ")));
  line("arch", quoted(h.arch));
  line("compute_capability", h.compute_capability);
  line("model_only", h.model_only);
  if (!h.note.empty()) line("note", quoted(h.note));
  visit_numbers(h, line);
  if (h.kind == Hardware::Kind::gpu) {
    text += "sm:\n";
    visit_sm(h.sm, inner);
  } else {
    text += "cpu:\n";
    inner("isa", quoted(h.cpu.isa));
    visit_cpu(h.cpu, inner);
  }
  line("scalar_tflops", peaks_text(h.scalar_tflops));
  line("tensor_tflops", peaks_text(h.tensor_tflops));
  if (!h.measured.empty()) text += "measured:\n";
  for (const auto& [key, entry] : h.measured)
    inner(quoted(key), words("{{value: {}, source: {}}}", entry.value, quoted(entry.source)));
  if (!h.sources.empty()) text += "sources:\n";
  for (const auto& [key, source] : h.sources) inner(quoted(key), quoted(source));
  return text;
}

}  // namespace perftune
