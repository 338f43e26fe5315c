// The launch rules of every family and target of this build: what builtin_emitters.hpp has, without the
// texts. The executor's library links these, to launch a kernel at another shape than it was tuned at.
#pragma once

#include "codegen/launch_rules.hpp"

namespace perftune {

LaunchRulesList make_launch_rules();

}  // namespace perftune
