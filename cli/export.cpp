// `perftune export KERNEL -o DIR`: a kernel as files that build and check themselves without perftune.
//
// Nothing of the store is executed or copied but numbers and the operator's definition: the source is
// generated again from the tile program, so a store from elsewhere cannot bring code along.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/kernel_choice.hpp"
#include "cli/commands.hpp"
#include "cli/export_check.hpp"
#include "cli/export_manifest.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "cli/wire.hpp"
#include "codegen/vendor/vendor_target.hpp"
#include "codegen/cpu/headers.hpp"
#include "db/kernel_use.hpp"
#include "executor/nvrtc.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::string kernel, folder, shape_file, database;
  bool json = false;
};

// The shape that the launch geometry is for.
Operator operator_of(const ExportOptions& options, const KernelUse& use, const std::string& store) {
  auto points = options.shape_file.empty() ? parse_operator_text(use.definition, store)
                                           : read_operator_file(options.shape_file);
  if (points.size() != 1)
    throw Error(ErrorKind::usage, options.shape_file + ": --for takes one operator at one shape");
  return std::move(points.front().op);
}

// An export replaces an export and nothing else.
void prepare_folder(const std::string& folder) {
  std::error_code error;
  const bool foreign = fs::exists(folder) && !fs::is_empty(folder, error) && !fs::exists(fs::path(folder) / "manifest.json");
  if (foreign || (fs::exists(folder) && !fs::is_directory(folder)))
    throw Error(ErrorKind::usage, folder + ": holds something else; name a new or empty folder");
  fs::create_directories(folder, error);
  if (error) throw Error(ErrorKind::usage, fmt::format("{}: cannot be made ({})", folder, error.message()));
}

void write(const std::string& folder, const BundleFile& file) {
  const std::string path = (fs::path(folder) / file.name).string();
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << file.text;
  out.close();
  if (!out) throw Error(ErrorKind::usage, path + ": cannot be written");
}

std::string build_command(const Kernel& kernel, const Hardware& hardware, const std::string& name) {
  if (kernel.language == Kernel::Language::cuda)
    // Spelt out: -arch=sm_90a also makes PTX for compute_90, which has no wgmma.
    return fmt::format("nvcc -std=c++20 -O3 -gencode arch=compute_{0},code=sm_{0} {1}.cu main.cu -o check",
                       hardware.arch.substr(hardware.arch.find('_') + 1), name);
  return fmt::format("g++ {} {}.cpp main.cpp -pthread -o check", fmt::join(cpu_compile_flags(hardware.cpu.isa), " "), name);
}

// The cubin of the exported text; `why_not` says what is missing.
std::optional<std::string> cubin(const Kernel& kernel, const std::string& name, const Hardware& hardware,
                                 const Context& context, std::string& why_not) {
  try {
    const Nvrtc nvrtc(cuda_search(context));
    if (!nvrtc.supports(hardware.arch)) {
      why_not = "NVRTC " + nvrtc.version() + " does not compile for " + hardware.arch;
      return std::nullopt;
    }
    auto result = nvrtc.compile(standalone_kernel(kernel, name), hardware.arch);
    if (auto* compiled = std::get_if<CompiledKernel>(&result)) return std::move(compiled->binary);
    why_not = std::get<Failure>(result).detail;
  } catch (const Error& error) {
    why_not = error.what();
  }
  return std::nullopt;
}

void export_kernel(const ExportOptions& options, const Context& context) {
  StoreOptions open;
  open.mode = StoreMode::read_only;
  Store store(options.database.empty() ? context.database_default : options.database, open);
  const auto use = find_kernel_use(store, options.kernel);
  if (!use) {
    const bool known = store.kernel(options.kernel).has_value();
    throw Error(ErrorKind::usage,
                known ? fmt::format("kernel '{}' of {} was imported: there is no program to generate it from",
                                    options.kernel, store.path())
                      : fmt::format("no kernel '{}' in {}; `perftune query` lists what is there", options.kernel,
                                    store.path()));
  }
  const Operator op = operator_of(options, *use, store.path());
  const Hardware hardware = parse_hardware(use->hardware.description, store.path());
  const TileProgram program = TileProgram::parse(use->kernel.program);
  if (is_vendor(program.target)) {
    const auto device = store.find_hardware(use->hardware);
    const auto own = device ? own_winner(store, op.signature(), *device) : std::nullopt;
    throw Error(ErrorKind::usage, fmt::format("kernel '{}' calls {}, which brings its own library and header{}", use->kernel.id,
                                              program.target, own ? "; our best is " + own->kernel : ""));
  }
  const auto emitters = make_emitters();
  const Emitter* emitter = emitters->find(program);
  if (emitter == nullptr)
    throw Error(ErrorKind::usage, fmt::format("no generator for {} {} in this build", program.family, program.target));
  if (const auto why = emitter->illegal(op, program, hardware))
    throw Error(ErrorKind::usage, fmt::format("the program does not suit {}: {}", op.name, *why));

  Bundle bundle{op, emitter->emit(op, program, hardware), emitter->bind(op, program, hardware), hardware.name, "", "", {}, {}};
  const std::string name = bundle_name(op, bundle.kernel);
  const ExportFacts facts = export_facts(store, *use, op, hardware, bundle.kernel);
  bundle.provenance = facts.summary;
  bundle.build = build_command(bundle.kernel, hardware, name);
  add_check(bundle);
  auto files = bundle_files(bundle);
  std::string why_no_cubin;
  if (bundle.kernel.language == Kernel::Language::cuda)
    if (auto binary = cubin(bundle.kernel, name, hardware, context, why_no_cubin))
      files.push_back({name + ".cubin", std::move(*binary)});
  files.push_back({"manifest.json", manifest(bundle, name, facts, hardware, files)});

  prepare_folder(options.folder);
  for (const BundleFile& file : files) write(options.folder, file);
  if (!facts.same_text)
    context.say("note: this build generates another text than the one recorded; time and verification of " +
                use->kernel.id + " are not known for it");
  if (!why_no_cubin.empty()) context.say("note: no cubin: " + why_no_cubin);
  if (options.json) return context.print(files.back().text);
  context.print(fmt::format("{} for {} in {}\n{}\n", name, hardware.name, options.folder, facts.summary));
  TextTable table({"file", ">bytes"});
  for (const BundleFile& file : files) table.add({file.name, fmt::format("{}", file.text.size())});
  context.print(table.text());
  context.print(fmt::format("check it:  cd {} && {} && ./check\n", options.folder, bundle.build));
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = app.add_subcommand("export", "A kernel as source, cubin, C header, manifest and a check");
  command->add_option("KERNEL", options->kernel, "Kernel id of the store, or a prefix that names one")->required();
  command->add_option("-o,--output", options->folder, "Folder to write")->required();
  command->add_option("--for", options->shape_file,
                      "Operator file whose shape the launch geometry is for (default: its latest use)");
  command->add_option("--db", options->database, "Store (default $PERFTUNE_DB)");
  command->add_flag("--json", options->json, "Print the manifest");
  command->callback([options, &context] { export_kernel(*options, context); });
}

}  // namespace perftune
