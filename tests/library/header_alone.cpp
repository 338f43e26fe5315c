// perftune.h alone, as C++20; then its wrapper.
#include "executor/perftune.h"
#include "executor/perftune.hpp"

static_assert(sizeof(perftune_tensor) == 48);
