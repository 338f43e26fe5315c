/* perftune.h alone, as C11. */
#include "executor/perftune.h"

_Static_assert(sizeof(perftune_tensor) == 48, "the layout of DLTensor");
_Static_assert(offsetof(perftune_tensor, ndim) == 16, "the layout of DLTensor");
_Static_assert(offsetof(perftune_tensor, shape) == 24, "the layout of DLTensor");
_Static_assert(offsetof(perftune_tensor, byte_offset) == 40, "the layout of DLTensor");

int perftune_header_in_c(void);
int perftune_header_in_c(void) {
  perftune_query query = {.struct_size = sizeof query, .name = "ffn"};
  return (int)query.dim_count;
}
