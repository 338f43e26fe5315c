/* libperftune_executor: the kernels that `perftune tune` found, launched from your program.
 *
 * Open a store, find the kernel of an operator at a shape, run it on your tensors:
 *
 *     perftune_store* store;
 *     perftune_kernel* kernel;
 *     perftune_dim dims[] = {{"m", 128}, {"n", 768}, {"k", 768}};
 *     perftune_query query = {.struct_size = sizeof query, .name = "ffn", .dims = dims, .dim_count = 3};
 *     if (perftune_store_open("perftune.db", NULL, &store) ||
 *         perftune_find(store, &query, &kernel) ||
 *         perftune_run(kernel, tensors, tensor_count, NULL))
 *       fprintf(stderr, "%s\n", perftune_message());
 *
 * Failure: every call returns a status, 0 for success, and perftune_message() says in one line what
 * was wrong with the last call that failed on this thread. Nothing throws, prints, exits, reads the
 * environment or writes a file. What a call could not make it leaves NULL.
 *
 * Threads: every function may be called from any thread at any time, with one exception: a prepared
 * launch or a sequence runs on one thread at a time. Closing waits for calls that are under way.
 *
 * Handles stay valid until they are closed, whatever else is closed before; a closed handle is refused
 * with PERFTUNE_CLOSED, not followed. NULL may be closed.
 *
 * Stable: fields are only ever added at the end of structures, which is why they carry their size;
 * enumerations only grow. C11 and C++20; includes nothing but <stddef.h> and <stdint.h>. */
#ifndef PERFTUNE_H
#define PERFTUNE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PERFTUNE_API __attribute__((visibility("default")))
#else
#define PERFTUNE_API
#endif

#define PERFTUNE_API_VERSION 2 /* grows with what is added here; perftune_api_version() is the library's */

typedef struct perftune_store perftune_store;
typedef struct perftune_kernel perftune_kernel;
typedef struct perftune_launch perftune_launch;
typedef struct perftune_sequence perftune_sequence;

typedef enum perftune_status {
  PERFTUNE_OK = 0,
  PERFTUNE_BAD_ARGUMENT = 1,       /* a null pointer, an unknown name or dimension, a wrong struct_size */
  PERFTUNE_CLOSED = 2,             /* the handle was closed, or never was one */
  PERFTUNE_BAD_STORE = 3,          /* missing, damaged, foreign, newer, locked */
  PERFTUNE_STORE_CHANGED = 4,      /* the file was deleted or replaced since it was opened: open it again */
  PERFTUNE_NO_DEVICE = 5,          /* no such device, no driver, no instruction set that kernels need */
  PERFTUNE_NO_KERNEL = 6,          /* nothing in the store can compute this operator at this shape here */
  PERFTUNE_MISS = 7,               /* PERFTUNE_EXACT_ONLY, and this very shape was not tuned on this device */
  PERFTUNE_STALE = 8,              /* made by another version of the code generator: tune again */
  PERFTUNE_REFUSED = 9,            /* source or binary were altered, or the store is not trusted */
  PERFTUNE_WRONG_ARCHITECTURE = 10, /* the stored binary is for another instruction set */
  PERFTUNE_BAD_SHAPE = 11,         /* a tensor's rank, extents, strides or type, or their number */
  PERFTUNE_WRONG_DEVICE = 12,      /* a tensor lies on another device than the kernel */
  PERFTUNE_MISALIGNED = 13,        /* a tensor's address, or the workspace's */
  PERFTUNE_OVERLAP = 14,           /* an output overlaps another tensor */
  PERFTUNE_LAUNCH_FAILED = 15,     /* the driver refused or the kernel failed */
  PERFTUNE_NO_MEMORY = 16,
  PERFTUNE_INTERNAL = 17,          /* a broken promise of ours: please report it */
  PERFTUNE_STATUS_WIDTH = 0x7fffffff /* no status: makes the type as wide as what is to come */
} perftune_status;

PERFTUNE_API int perftune_api_version(void);
PERFTUNE_API const char* perftune_version(void);                      /* "0.1.0" */
PERFTUNE_API const char* perftune_status_name(perftune_status status); /* "PERFTUNE_MISS" */
/* Of the last failed call on this thread; valid until the next one fails. Never NULL. */
PERFTUNE_API const char* perftune_message(void);

/* --- Stores ---------------------------------------------------------------------------------- */

typedef enum perftune_device_type { /* as DLPack's */
  PERFTUNE_CPU = 1,
  PERFTUNE_CUDA = 2,
  PERFTUNE_DEVICE_WIDTH = 0x7fffffff
} perftune_device_type;

/* Whose binaries may run in this process. */
typedef enum perftune_trust {
  PERFTUNE_TRUST_OWN = 0,  /* of a file that you or root own and nobody else may write: the default */
  PERFTUNE_TRUST_ALL = 1,  /* of any store: it holds native code, so open only what you would execute */
  PERFTUNE_TRUST_NONE = 2, /* of none: whatever needs a stored binary is refused */
  PERFTUNE_TRUST_WIDTH = 0x7fffffff
} perftune_trust;

typedef struct perftune_open_options {
  size_t struct_size;           /* sizeof(perftune_open_options) */
  perftune_device_type device;  /* 0: PERFTUNE_CPU */
  int ordinal;                  /* of several CUDA devices */
  int threads;                  /* CPU: threads that one launch may use; 0: one per core */
  perftune_trust trust;
  const char* driver_folder;    /* where to look for libcuda.so.1 first; NULL: the loader's path only */
  const char* nvrtc_folder;     /* the only place of libnvrtc, which is loaded where no stored binary fits the
                                   GPU; NULL: the loader's path and /usr/local/cuda */
} perftune_open_options;

/* Reads only; the file may be written by others meanwhile. `options` NULL: the defaults above. */
PERFTUNE_API perftune_status perftune_store_open(const char* path, const perftune_open_options* options,
                                                 perftune_store** store);
PERFTUNE_API perftune_status perftune_store_close(perftune_store* store);

/* --- Lookup ---------------------------------------------------------------------------------- */

typedef struct perftune_dim {
  const char* name;
  int64_t extent;
} perftune_dim;

/* A tensor: the layout of DLPack's DLTensor, to which a pointer may be cast. */
typedef struct perftune_tensor {
  void* data;
  struct { int32_t type, id; } device;               /* perftune_device_type, ordinal */
  int32_t ndim;
  struct { uint8_t code, bits; uint16_t lanes; } dtype; /* DLPack's: 0 int, 1 uint, 2 float, 4 bfloat,
                                                           6 bool, 10 float8_e4m3fn, 12 float8_e5m2 */
  int64_t* shape;
  int64_t* strides;                                   /* in elements; NULL: compact, row-major */
  uint64_t byte_offset;
} perftune_tensor;

typedef enum perftune_policy {
  PERFTUNE_ANY = 0,        /* the best that is known, down to the default */
  PERFTUNE_EXACT_ONLY = 1, /* this shape, tuned on this device, or PERFTUNE_MISS: for production */
  PERFTUNE_POLICY_WIDTH = 0x7fffffff
} perftune_policy;

/* Which operator, at which shape. By `name` (as in the operator file), the shape by `dims`, by
 * `tensors`, or both; or by `signature` alone. */
typedef struct perftune_query {
  size_t struct_size;      /* sizeof(perftune_query) */
  const char* name;
  const char* signature;
  const perftune_dim* dims; /* base dimensions; with `tensors`, those that no tensor shows */
  size_t dim_count;
  const perftune_tensor* const* tensors; /* inputs in file order, then outputs; data may be NULL */
  size_t tensor_count;                   /* inputs alone, or all of them */
  const char* dtype;       /* of the first input ("f16"), where a name was tuned for several; or NULL */
  perftune_policy policy;
} perftune_query;

typedef enum perftune_hit {
  PERFTUNE_HIT_EXACT = 1,   /* tuned at this shape */
  PERFTUNE_HIT_BUCKET = 2,  /* a dynamic dimension: the tuned point whose range holds this shape */
  PERFTUNE_HIT_NEAREST = 3, /* tuned at another shape, legal here, and estimated no slower than the default */
  PERFTUNE_HIT_DEFAULT = 4, /* the family's default: correct, not tuned */
  PERFTUNE_HIT_RUNNER_UP = 5, /* tuned at this shape: the best of our own kernels, since the winner calls a vendor's
                                 library that is not here or of another version (`note` says so) */
  PERFTUNE_HIT_WIDTH = 0x7fffffff
} perftune_hit;

/* Loads what it finds and keeps it: asking again costs under a microsecond. */
PERFTUNE_API perftune_status perftune_find(perftune_store* store, const perftune_query* query,
                                           perftune_kernel** kernel);
PERFTUNE_API perftune_status perftune_kernel_close(perftune_kernel* kernel);

/* Texts are valid while the kernel is open. */
typedef struct perftune_kernel_info {
  size_t struct_size;       /* sizeof(perftune_kernel_info), set by the caller */
  perftune_hit hit;
  int measured;             /* whether `stored_us` was measured, or else predicted */
  double stored_us;         /* of the kernel at the shape that it was tuned at */
  double estimated_us;      /* at this shape; the stored time for an exact hit */
  const char* operator_name;
  const char* signature;    /* at this shape */
  const char* program;      /* the tile program */
  const char* kernel;       /* id in the store */
  const char* tuned_on;     /* device */
  const char* tuned_at;     /* dimensions, "k=64 m=128 n=32" */
  size_t input_count;
  size_t output_count;
  uint64_t workspace_bytes;
  const char* note;         /* why this is not the winner; "" where nothing is to be said. Since version 2 */
} perftune_kernel_info;
PERFTUNE_API perftune_status perftune_kernel_describe(perftune_kernel* kernel, perftune_kernel_info* info);

typedef struct perftune_tensor_info {
  size_t struct_size;
  const char* name;
  const char* dtype;        /* "f32" */
  int is_output;
  int32_t ndim;
  const int64_t* shape;
  uint64_t bytes;
  uint64_t alignment;       /* that data + byte_offset needs, bytes */
} perftune_tensor_info;
/* `index` counts inputs, then outputs. */
PERFTUNE_API perftune_status perftune_kernel_tensor(perftune_kernel* kernel, size_t index,
                                                    perftune_tensor_info* info);

/* --- Launch ---------------------------------------------------------------------------------- */

/* Where a launch goes. NULL instead: the default stream, workspace from the library's pool, and on the
 * CPU as many threads as the store was opened with. */
typedef struct perftune_launch_options {
  size_t struct_size;
  void* stream;             /* CUstream; the CPU has none and takes NULL only */
  void* workspace;          /* at least workspace_bytes, aligned to 256; NULL: from the pool */
  uint64_t workspace_bytes;
} perftune_launch_options;

/* Checks and launches. `tensors` are the inputs in file order, then the outputs; nothing is copied.
 * On the CPU it returns when done, on a GPU when it is in the stream. A workspace of the caller's is
 * zeroed where the kernel needs it. */
PERFTUNE_API perftune_status perftune_run(perftune_kernel* kernel, const perftune_tensor* const* tensors,
                                          size_t tensor_count, const perftune_launch_options* options);

/* The same, checked once and run often: the cheapest way. Keeps the addresses, not the tensors. */
PERFTUNE_API perftune_status perftune_prepare(perftune_kernel* kernel, const perftune_tensor* const* tensors,
                                              size_t tensor_count, const perftune_launch_options* options,
                                              perftune_launch** launch);
PERFTUNE_API perftune_status perftune_launch_run(perftune_launch* launch);
PERFTUNE_API perftune_status perftune_launch_close(perftune_launch* launch);

/* Launches in a row as one: a CUDA graph on a GPU, one plan on the CPU. Launches of one store; they stay
 * usable alone and may be closed. `stream` is where the sequence runs. */
PERFTUNE_API perftune_status perftune_sequence_make(perftune_launch* const* launches, size_t count,
                                                    void* stream, perftune_sequence** sequence);
PERFTUNE_API perftune_status perftune_sequence_run(perftune_sequence* sequence);
PERFTUNE_API perftune_status perftune_sequence_close(perftune_sequence* sequence);

#ifdef __cplusplus
}
#endif
#endif
