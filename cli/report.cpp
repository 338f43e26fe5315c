// `perftune report`: rooflines and what to do next, from the store alone.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/report/renderers.hpp"
#include "cli/wire.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

struct ReportOptions {
  std::vector<std::string> subjects;
  std::string format = "terminal";
  std::string output;
  std::string database;
  std::string against, suite;
  std::int64_t limit = 1000;
  bool json = false, ascii = false;
};

// A filter has a comparison in it, a kernel id has not.
ReportRequest request_of(const ReportOptions& options) {
  ReportRequest request;
  request.limit = options.limit;
  request.suite = options.suite;
  if (options.format == "html" && !options.json) request.details = 300;
  for (const std::string& subject : options.subjects) {
    const bool filter = subject.find_first_of("=<>!") != std::string::npos;
    (filter ? request.conditions : request.kernels).push_back(subject);
  }
  return request;
}

std::string render(const Report& report, const ReportOptions& options, const Context& context) {
  if (options.json || options.format == "json") return report_json(report);
  if (options.format == "svg") return report_svg(report);
  if (options.format == "html") return report_html(report);
  return report_terminal(report, context.unicode && !options.ascii);
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw Error(ErrorKind::usage, path + ": cannot be written");
}

void report(const ReportOptions& options, const Context& context) {
  StoreOptions open;
  open.mode = StoreMode::read_only;
  Store store(options.database.empty() ? context.database_default : options.database, open);
  Report contents = read_report(store, request_of(options), make_slices());
  if (!options.against.empty()) {
    if (std::filesystem::exists(options.against)) {
      open.check = true;  // it comes from elsewhere
      Store other(options.against, open);
      compare_with(contents, other);
    } else {
      compare_with(contents, store, options.against);
    }
  }
  const std::string text = render(contents, options, context);
  if (options.output.empty() || options.output == "-")
    context.print(text);
  else
    write_file(options.output, text);
  if (contents.rows.empty())
    context.say(options.subjects.empty() ? "nothing here yet; `perftune tune` fills the store"
                                         : "nothing matches; `perftune query` lists what is there");
  if (contents.more) context.say("not all of the store; --limit 0 shows all");
  const auto wrong = std::count_if(contents.rows.begin(), contents.rows.end(),
                                   [](const ReportRow& row) { return !row.flag.empty(); });
  if (wrong > 0)
    context.say(std::to_string(wrong) + " above a roof: a unit or counting error, marked as one");
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  auto options = std::make_shared<ReportOptions>();
  auto* command = app.add_subcommand("report", "Rooflines, and what to do next");
  command->add_option("SUBJECTS", options->subjects,
                      "Filters as of `query` (hardware=a100* 'm>=1024') or kernel ids; default: all "
                      "winners");
  command->add_option("--format", options->format, "terminal, svg, html or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"terminal", "svg", "html", "json"}));
  command->add_flag("--json", options->json, "The same as --format json");
  command->add_flag("--ascii", options->ascii, "No Unicode in the terminal form");
  command->add_option("-o,--output", options->output, "File to write (default: stdout)");
  command->add_option("--limit", options->limit, "Most kernels to show; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--against", options->against,
                      "Another store, or a kernel id of this one: what every kernel was before, as an arrow");
  command->add_option("--suite", options->suite, "Only the operators of this suite, by its weights");
  command->add_option("--db", options->database, "Store (default $PERFTUNE_DB)");
  command->callback([options, &context] { report(*options, context); });
}

}  // namespace perftune
