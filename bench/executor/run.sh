#!/usr/bin/env bash
# Makes a store of 1,000,000 made-up measurements with one really tuned operator in it, and times the
# library on it. Usage: bench/executor/run.sh [BUILD] [FOLDER]
set -euo pipefail
build=${1:-build/dev} folder=${2:-/tmp/perftune-executor-bench}
mkdir -p "$folder"
cat >"$folder/tiny.yaml" <<'YAML'
name: tiny
dims: {m: 4, n: 16, k: 8}
inputs: {A: "f32[m,k]", B: "f32[k,n]"}
outputs: {C: "f32[m,n]"}
compute:
  - C[m,n] = sum[k](A[m,k] * B[k,n])
YAML
[ -f "$folder/a.db" ] || "$build/bench/store/store_bench" "$folder" 1000000 queries >/dev/null
if [ ! -f "$folder/tiny.db" ]; then
  "$build/perftune" tune "$folder/tiny.yaml" --cpu --threads 1 --top 3 --db "$folder/tiny.db"
  "$build/perftune" db merge --trust "$folder/tiny.db" --db "$folder/a.db"
fi
"$build/bench/executor/executor_bench" "$folder/a.db" tiny 4 16 8 "${LAUNCHES:-10000000}"
library=$(mktemp)
strip -o "$library" "$build/executor/libperftune_executor.so"
echo "libperftune_executor.so: $(stat -c %s "$library") bytes stripped"
rm "$library"
