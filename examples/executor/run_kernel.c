/* C = A B with the kernel of a store: run_kernel perftune.db NAME M N K
 *
 * NAME is the operator's name in the file that was tuned, with dimensions m, n, k, f32 inputs A[m,k] and
 * B[k,n] and the output C[m,n]. Prints which kernel answered, and checks one element. */
#include <perftune.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, perftune_message());
  return 1;
}

static perftune_tensor matrix(float* data, int64_t* shape) {
  perftune_tensor tensor = {0};
  tensor.data = data;
  tensor.device.type = PERFTUNE_CPU;
  tensor.ndim = 2;
  tensor.dtype.code = 2; /* float */
  tensor.dtype.bits = 32;
  tensor.dtype.lanes = 1;
  tensor.shape = shape;
  return tensor;
}

int main(int argc, char** argv) {
  static const char* const hits[] = {"", "exact", "bucket", "nearest", "default", "runner-up"};
  if (argc != 6) return fprintf(stderr, "run_kernel perftune.db NAME M N K\n"), 2;
  int64_t m = atoll(argv[3]), n = atoll(argv[4]), k = atoll(argv[5]);
  int64_t a_shape[] = {m, k}, b_shape[] = {k, n}, c_shape[] = {m, n};
  float* a = malloc((size_t)(m * k) * sizeof(float));
  float* b = malloc((size_t)(k * n) * sizeof(float));
  float* c = malloc((size_t)(m * n) * sizeof(float));
  if (!a || !b || !c) return 1;
  for (int64_t i = 0; i < m * k; ++i) a[i] = (float)(i % 7) - 3;
  for (int64_t i = 0; i < k * n; ++i) b[i] = (float)(i % 5) - 2;
  perftune_tensor at = matrix(a, a_shape), bt = matrix(b, b_shape), ct = matrix(c, c_shape);
  const perftune_tensor* tensors[] = {&at, &bt, &ct};

  perftune_store* store;
  if (perftune_store_open(argv[1], NULL, &store)) return fail("open");
  perftune_query query = {0};
  query.struct_size = sizeof query;
  query.name = argv[2];
  query.tensors = tensors;
  query.tensor_count = 3;
  perftune_kernel* kernel;
  if (perftune_find(store, &query, &kernel)) return fail("find");
  perftune_kernel_info info = {0};
  info.struct_size = sizeof info;
  if (perftune_kernel_describe(kernel, &info)) return fail("describe");
  printf("%s hit, tuned at %s on %s: %s\n", hits[info.hit], info.tuned_at, info.tuned_on, info.program);
  if (perftune_run(kernel, tensors, 3, NULL)) return fail("run");

  double expected = 0;
  for (int64_t i = 0; i < k; ++i) expected += (double)a[(m - 1) * k + i] * b[i * n + n - 1];
  printf("C[%lld,%lld] = %g, expected %g\n", (long long)m - 1, (long long)n - 1, c[m * n - 1], expected);
  perftune_kernel_close(kernel);
  perftune_store_close(store);
  const int right = c[m * n - 1] == (float)expected; /* small whole numbers: exact */
  free(a), free(b), free(c);
  return right ? 0 : 1;
}
