// One function per command: adds it to `app`, with a callback that parses, calls and renders.
// A callback throws Error for what main.cpp turns into one line and an exit code.
#pragma once

#include "cli/context.hpp"

namespace CLI {
class App;
}

namespace perftune {

void add_bench(CLI::App& app, Context& context);
void add_tune(CLI::App& app, Context& context);
void add_measure(CLI::App& app, Context& context);
void add_predict(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_profile(CLI::App& app, Context& context);
void add_query(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);
void add_hardware(CLI::App& app, Context& context);
void add_model(CLI::App& app, Context& context);
void add_model_replay(CLI::App& model, Context& context);  // a subcommand of `model`
void add_db(CLI::App& app, Context& context);
void add_db_exchange(CLI::App& db, Context& context);  // subcommands of `db`

}  // namespace perftune
