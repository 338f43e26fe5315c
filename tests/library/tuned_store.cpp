#include "tuned_store.hpp"

#include <fmt/format.h>

#include <map>

#include "codegen/builtin_emitters.hpp"
#include "codegen/cpu/headers.hpp"
#include "codegen/version.hpp"
#include "db/other_shapes.hpp"
#include "db/sqlite.hpp"
#include "executor/cpu_identity.hpp"
#include "executor/cpu_topology.hpp"
#include "executor/host_compiler.hpp"
#include "executor/poison.hpp"
#include "recipes/definition.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::test {
namespace {

const EmitterRegistry& emitters() {
  static const auto all = make_emitters();
  return *all;
}

// Default first. Few registers, so that they are legal with AVX2, too.
std::vector<TileProgram> programs_for(const Operator& op, const Hardware& hardware) {
  static constexpr const char* kTexts[] = {
      "contraction cpu/simd block_k=1024 block_n=2016 pack_a=1 pack_b=1 register_m=4 register_n=2 threads_n=2",
      "contraction cpu/simd register_m=4 register_n=2 threads_m=2",
      "contraction cpu/simd register_m=3 register_n=3 threads_n=2",
      "contraction cpu/simd register_m=8",
      "contraction cuda/simt block_k=16 block_m=32 block_n=32 thread_m=4 thread_n=4 warp_m=16 warp_n=32",
      "row cpu/simd",
      "row cpu/simd keep=1 unroll=2"};
  std::vector<TileProgram> programs;
  for (const char* text : kTexts) {
    TileProgram program = TileProgram::parse(text);
    if (!emitters().find(program)->illegal(op, program, hardware)) programs.push_back(std::move(program));
  }
  if (programs.empty()) throw Error(ErrorKind::no_candidate, "no program of the test takes " + op.signature());
  return programs;
}

// Once per source: tests make many stores of few kernels.
const std::string& compiled(const Kernel& kernel, const Hardware& hardware) {
  static std::map<std::string, std::string> known;
  std::string& binary = known[kernel.source];
  if (!binary.empty()) return binary;
  static const auto compiler = HostCompiler::find();
  auto result = compiler.value().compile(kernel.source, cpu_device_headers(), cpu_compile_flags(hardware.cpu.isa), 120);
  if (!result.ok) throw Error(ErrorKind::no_candidate, result.log);
  return binary = std::move(result.binary);
}

Toolchain toolchain(const Hardware& hardware) { return {hardware.arch, codegen_version(), "g++ test", "-O3"}; }

struct Code {
  std::uint8_t code, bits;
};
Code code_of(DType type) {
  const auto bits = static_cast<std::uint8_t>(8 * size_bytes(type));
  if (type == DType::bf16) return {4, bits};
  if (type == DType::i32 || type == DType::i8) return {0, bits};
  if (type == DType::u8) return {1, bits};
  return {2, bits};
}

}  // namespace

Hardware this_cpu() {
  const CpuTopology topology = this_cpu_topology();
  const CpuIsa isa = detect_cpu_isa();
  Hardware h;
  h.kind = Hardware::Kind::cpu;
  h.name = "cpu-local";
  h.vendor_name = cpu_brand();
  h.arch = name(isa);
  h.sms = static_cast<int>(topology.cores.size());
  h.cpu.cores = h.sms;
  h.cpu.simd_bits = simd_bits(isa);
  h.cpu.isa = name(isa);
  h.cpu.vector_registers = isa == CpuIsa::avx512 ? 32 : 16;
  h.cpu.l1_bytes = 32 << 10;
  h.cpu.l2_bytes = 1 << 20;
  h.cpu.l3_bytes = 16 << 20;
  h.cpu.clock_ghz = 3;
  h.scalar_tflops = {{DType::f32, 0.1}, {DType::f64, 0.05}};
  h.dram_gbps = 30;
  return h;
}

namespace {
Operator activated_matmul(std::int64_t m, std::int64_t n, std::int64_t k, const std::string& name, const std::string& type,
                          const std::string& function) {
  return parse_operator_text(
             fmt::format("name: {}\ndims: {{m: {}, n: {}, k: {}}}\ninputs: {{A: \"{}[m,k]\", B: \"{}[k,n]\", bias: \"{}[n]\"}}\n"
                         "outputs: {{C: \"{}[m,n]\"}}\ncompute:\n  - C[m,n] = {}(sum[k](A[m,k] * B[k,n]) + bias[n])\n",
                         name, m, n, k, type, type, type, type, function),
             "test")[0].op;
}
}  // namespace

Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k, const std::string& name, const std::string& type) {
  return activated_matmul(m, n, k, name, type, "relu");
}

Operator matmul_with(const std::string& function, std::int64_t m, std::int64_t n, std::int64_t k) {
  return activated_matmul(m, n, k, "ffn_" + function, "f32", function);
}

Operator softmax(std::int64_t m, std::int64_t n) {
  return parse_operator_text(fmt::format("op: softmax\nname: probabilities\ndims: {{m: {}, n: {}}}\n", m, n), "test")[0].op;
}

Operator product(std::int64_t m, std::int64_t n, std::int64_t k) {
  return parse_operator_text(fmt::format("name: plain\ndims: {{m: {}, n: {}, k: {}}}\ninputs: {{A: \"f32[m,k]\", B: \"f32[k,n]\"}}\n"
                                         "outputs: {{C: \"f32[m,n]\"}}\ncompute:\n  - C[m,n] = sum[k](A[m,k] * B[k,n])\n",
                                         m, n, k), "test")[0].op;
}

TunedStore::TunedStore() : TunedStore(this_cpu(), [hardware = this_cpu()](const Kernel& kernel) { return compiled(kernel, hardware); }) {}

TunedStore::TunedStore(Hardware hardware, Compile compile)
    : folder_("/tmp"), path_(folder_.path() + "/perftune.db"), hardware_(std::move(hardware)), compile_(std::move(compile)) {
  const Store store(path_);
}

std::string TunedStore::record(Store& store, OperatorId id, const Operator& op, const TileProgram& program, double us) {
  const Kernel kernel = emitters().find(program)->emit(op, program, hardware_);
  MeasurementRecord row;
  row.op = id;
  row.hardware = store.put_hardware(perftune::describe(hardware_));
  row.kernel = perftune::describe(kernel);
  row.toolchain = toolchain(hardware_);
  row.policy = "cache=warm threads=1 timer=wall";
  row.outcome.kind = OutcomeKind::timed;
  row.outcome.verified_by = VerifiedBy::device;
  row.outcome.timing = Timing{us, 0.01, {us, us}};
  row.outcome.resources = Resources{};
  row.outcome.binary = compile_(kernel);
  const RunId run = store.begin_run("test", 1);
  store.record(run, row);
  store.end_run(run, RunState::finished);
  return row.kernel.id;
}

TileProgram TunedStore::add(const Operator& op, int which, double us, double default_us) {
  Store store(path_);
  const auto programs = programs_for(op, hardware_);
  const TileProgram& program = programs[std::min<std::size_t>(static_cast<std::size_t>(which), programs.size() - 1)];
  const OperatorId id = store.put_operator(perftune::describe(op, program.family, definition(op)));
  const HardwareId hardware = store.put_hardware(perftune::describe(hardware_));
  const std::string fallback = record(store, id, op, programs.front(), default_us);
  put_default(store, id, hardware, fallback, toolchain(hardware_), default_us);
  win(op, program, us);
  return program;
}

void TunedStore::win(const Operator& op, const TileProgram& program, double us) {
  Store store(path_);
  const OperatorId id = store.put_operator(perftune::describe(op, program.family, definition(op)));
  const HardwareId hardware = store.put_hardware(perftune::describe(hardware_));
  record(store, id, op, program, us);
  const RunId run = store.begin_run("test", 1);
  WinnerRecord winner;
  winner.kernel = perftune::describe(emitters().find(program)->emit(op, program, hardware_));
  winner.toolchain = toolchain(hardware_);
  winner.basis = Basis::measured;
  winner.measured_us = us;
  store.set_winner(run, id, hardware, "cache=warm threads=1 timer=wall", winner);
  store.end_run(run, RunState::finished);
}

void TunedStore::add_range(const Operator& op, const std::string& dim, std::int64_t low, std::int64_t high) {
  Store store(path_);
  const HardwareId hardware = store.put_hardware(perftune::describe(hardware_));
  const auto winner = store.winner(op.signature(), hardware);
  put_range(store, {*store.find_operator(op.signature()), hardware, dim, low, high, winner->kernel.id,
                    toolchain(hardware_), 0.02});
}

void TunedStore::execute(const char* sql) {
  sqlite::Database database(path_, sqlite::Access::read_write, 1);
  database.execute(sql);
}

Tensors::Tensors(Operator op, std::uint64_t seed) : op_(std::move(op)), verifier_(op_, seed), data_(verifier_.inputs()) {
  std::vector<int> slots = op_.inputs();
  for (const int output : op_.outputs()) {
    slots.push_back(output);
    data_.emplace_back(static_cast<std::size_t>(op_.tensors[output].bytes()));
  }
  for (const int slot : slots) shapes_.push_back(op_.tensors[slot].shape);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    perftune_tensor tensor{};
    tensor.data = data_[i].data();
    tensor.device.type = PERFTUNE_CPU;
    tensor.ndim = static_cast<std::int32_t>(shapes_[i].size());
    const Code code = code_of(op_.tensors[slots[i]].type);
    tensor.dtype.code = code.code;
    tensor.dtype.bits = code.bits;
    tensor.dtype.lanes = 1;
    tensor.shape = shapes_[i].data();
    tensors_.push_back(tensor);
  }
  poison();
}

void Tensors::poison() {
  const std::size_t inputs = op_.inputs().size();
  const auto outputs = op_.outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    std::ranges::fill(data_[inputs + i], perftune::poison(op_.tensors[outputs[i]].type));
}

std::vector<const perftune_tensor*> Tensors::pointers() const {
  std::vector<const perftune_tensor*> list;
  for (const perftune_tensor& tensor : tensors_) list.push_back(&tensor);
  return list;
}

std::optional<std::string> Tensors::wrong() {
  std::vector<std::span<const std::byte>> outputs;
  for (std::size_t i = op_.inputs().size(); i < data_.size(); ++i) outputs.emplace_back(data_[i]);
  return verifier_.compare_outputs(outputs);
}

}  // namespace perftune::test
