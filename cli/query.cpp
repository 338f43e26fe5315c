// `perftune query`: winners and history of the store.
#include "db/query.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/query_render.hpp"
#include "cli/text_table.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

struct QueryOptions {
  std::string path;
  std::vector<std::string> conditions;
  std::vector<std::string> columns;
  std::string near;
  std::string format = "table";
  int top = 0;
  std::int64_t limit = 50;
  bool best = false, history = false, json = false, list_columns = false;
};

QueryFormat format_of(const QueryOptions& options) {
  if (options.json || options.format == "json") return QueryFormat::json;
  if (options.format == "csv") return QueryFormat::csv;
  if (options.format == "markdown") return QueryFormat::markdown;
  return QueryFormat::table;
}

QueryResult ask_near(Store& store, const std::string& file, const QueryRequest& request) {
  const auto points = read_operator_file(file);
  if (points.size() != 1) {
    throw Error(ErrorKind::usage, fmt::format("{}: --near takes one operator at one shape, this has "
                                              "{}",
                                              file, points.size()));
  }
  const Operator& op = points.front().op;
  return query_near(store, op.structure(), op.base_dims(), request);
}

void print_columns(const Context& context) {
  TextTable table({"column", "what"});
  for (const Column& column : query_columns())
    table.add({std::string(column.name), std::string(column.what)});
  table.add({"age", "since it was taken: age<7d (s, m, h, d, w)"});
  table.add({"DIMENSION", "of the operator, by its name: m>=1024"});
  context.print(table.text());
}

void run_query(const QueryOptions& options, const Context& context) {
  if (options.list_columns) return print_columns(context);
  QueryRequest request;
  request.conditions = options.conditions;
  request.columns = options.columns;
  request.limit = options.limit;
  if (options.history) request.view = QueryRequest::View::history;
  if (options.top > 0) {
    request.view = QueryRequest::View::top;
    request.per_group = options.top;
  }
  StoreOptions open;
  open.mode = StoreMode::read_only;
  Store store(options.path.empty() ? context.database_default : options.path, open);
  const QueryResult result =
      options.near.empty() ? query(store, request) : ask_near(store, options.near, request);
  context.print(render(result, format_of(options)));
  if (result.rows.empty()) {
    context.say(options.conditions.empty()
                    ? "nothing here yet; `perftune tune` fills the store"
                    : "nothing matches; fewer conditions, or --history for what did not win");
  } else if (result.more) {
    context.say(fmt::format("the first {} rows; --limit 0 shows all", result.rows.size()));
  }
}

}  // namespace

void add_query(CLI::App& app, Context& context) {
  auto options = std::make_shared<QueryOptions>();
  auto* command = app.add_subcommand("query", "Winners and history of the store");
  command->add_option("FILTERS", options->conditions,
                      "Conditions on columns or dimensions, all of which hold: operator=bert_* "
                      "'m>=1024' dtype=f16 hardware=a100* target=cuda/mma status=crashed 'age<7d' "
                      "'fraction>=0.8'");
  auto* best = command->add_flag("--best", options->best, "The winner of every operator, device and policy (default)");
  auto* top = command->add_option("--top", options->top, "The N fastest kernels of each operator and device")
                  ->check(CLI::PositiveNumber);
  auto* history = command->add_flag("--history", options->history, "Every measurement, newest first");
  auto* near = command->add_option("--near", options->near,
                                   "Winners of the shapes nearest to the one in this operator file");
  best->excludes(top)->excludes(history);
  top->excludes(history)->excludes(near);
  history->excludes(near);
  command->add_option("--columns", options->columns, "Columns to show, by comma")->delimiter(',');
  command->add_flag("--list-columns", options->list_columns, "Name all columns");
  command->add_option("--limit", options->limit, "Most rows to show; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--format", options->format, "table, csv, json or markdown")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "csv", "json", "markdown"}));
  command->add_flag("--json", options->json, "The same as --format json");
  command->add_option("--db", options->path, "Store (default $PERFTUNE_DB)");
  command->callback([=, &context] { run_query(*options, context); });
}

}  // namespace perftune
