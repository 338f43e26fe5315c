// perftune: the one place where exceptions end, the environment is read and signals are caught.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>

#include "cli/commands.hpp"
#include "cli/worker.hpp"
#include "recipes/error.hpp"

namespace {

std::atomic<bool> interrupted{false};

void on_interrupt(int) {
  // A second Ctrl-C means it: what was committed is safe in the store.
  if (interrupted.exchange(true)) _exit(130);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// $XDG_..., else the specification's default below the home folder.
std::string xdg_folder(const char* variable, const char* below_home) {
  const std::string set = environment(variable);
  return (set.empty() ? environment("HOME") + below_home : set) + "/perftune";
}

// The first of these that is set decides (POSIX, 8.2).
bool locale_is_utf8() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = environment(variable);
    if (locale.empty()) continue;
    return locale.find("UTF-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

perftune::Context make_context() {
  perftune::Context context;
  context.out = stdout;
  context.err = stderr;
  context.err_is_terminal = isatty(STDERR_FILENO) != 0;
  context.colour = context.err_is_terminal && environment("NO_COLOR").empty();
  context.database_default = environment("PERFTUNE_DB");
  if (context.database_default.empty())
    context.database_default = xdg_folder("XDG_DATA_HOME", "/.local/share") + "/perftune.db";
  context.cache_folder = xdg_folder("XDG_CACHE_HOME", "/.cache");
  context.driver_folder = environment("PERFTUNE_DRIVER");
  context.powercap = environment("PERFTUNE_POWERCAP");
  context.path = environment("PATH");
  context.cuda_home = environment("CUDA_HOME");
  context.cuda_only = environment("PERFTUNE_CUDA");
  context.preferred_compiler = environment("CXX");
  context.temporary_parent = environment("TMPDIR");
  if (context.temporary_parent.empty()) context.temporary_parent = "/tmp";
  context.unicode = locale_is_utf8();
  context.executable = "/proc/self/exe";
  for (const char* name : {"LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"})
    if (const std::string value = environment(name); !value.empty())
      context.driver_environment.push_back(std::string(name) + "=" + value);
  context.interrupted = &interrupted;
  return context;
}

int run(int argc, char** argv) {
  perftune::Context context = make_context();
  CLI::App app{"Tunes GPU and CPU kernels, models their performance, and remembers the winners."};
  app.set_version_flag("--version", "perftune " PERFTUNE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  perftune::add_tune(app, context);
  perftune::add_measure(app, context);
  perftune::add_predict(app, context);
  perftune::add_explain(app, context);
  perftune::add_query(app, context);
  perftune::add_report(app, context);
  perftune::add_profile(app, context);
  perftune::add_export(app, context);
  perftune::add_run(app, context);
  perftune::add_model(app, context);
  perftune::add_bench(app, context);
  perftune::add_hardware(app, context);
  perftune::add_db(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);  // prints help or the mistake
    return code == 0 ? 0 : static_cast<int>(perftune::ErrorKind::usage);
  }
  return context.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGXFSZ, SIG_IGN);  // beyond `ulimit -f` a write fails as on a full disk, and that is said
  if (perftune::is_worker(argc, argv)) return perftune::run_worker(make_context());
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const perftune::Error& error) {
    std::fprintf(stderr, "perftune: %s\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "perftune: internal error: %s\n", error.what());
    return static_cast<int>(perftune::ErrorKind::internal);
  }
}
