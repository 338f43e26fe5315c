#!/usr/bin/env python3
"""How good offline tuning is: counts, spills, estimates against the compiler, and times.

Usage: bench/offline/offline.py PERFTUNE [--gpus a100,h200,t4,b200] [--top 10] [FILE...]
Tunes each operator file for each GPU (default: sixteen contractions of recipes/ops), then times
construction and a 10,000-row `predict --shapes`. Needs NVRTC and a host compiler, no GPU. Nothing
it prints was measured on a GPU.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATORS = [
    "bert_large_qkv", "bert_large_attention_score", "bert_large_attention_value", "bert_large_attention_output",
    "bert_large_ffn_up", "bert_large_ffn_down", "llama3_8b_qkv_prefill", "llama3_8b_ffn_gate_decode",
    "llama3_8b_lm_head_decode", "resnet50_classifier", "roller_m0", "roller_m1", "roller_m3", "roller_m4",
    "roller_m6", "matmul_memory_bound"]


def tune(perftune, path, gpu, top, store):
    start = time.monotonic()
    run = subprocess.run([perftune, "tune", path, "--gpu", gpu, "--top", str(top), "--json", "--db", store],
                         capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    if run.returncode != 0:
        return None, seconds, run.stderr.strip()
    return json.loads(run.stdout)["results"][0], seconds, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("perftune")
    parser.add_argument("--gpus", default="a100,h200,t4,b200")
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("files", nargs="*", default=[str(ROOT / f"recipes/ops/{name}.yaml") for name in OPERATORS])
    options = parser.parse_intermixed_args()

    construct, spilling, shared_equal, near, compiled, slowest = [], 0, 0, 0, 0, (0, "")
    print(f"{'operator':34}{'gpu':6}{'made':>5}{'built':>6}{'right':>6}{'failed':>7}{'s':>7}  best (predicted)")
    with tempfile.TemporaryDirectory() as folder:
        for gpu in options.gpus.split(","):
            for path in options.files:
                result, seconds, problem = tune(options.perftune, path, gpu, options.top, folder + "/store.db")
                name = pathlib.Path(path).stem
                if result is None:
                    print(f"{name:34}{gpu:6}  {problem}")
                    continue
                slowest = max(slowest, (seconds, f"{name} on {gpu}"))
                construct.append(result["seconds"]["construct"])
                for c in result["candidates"]:
                    if c["registers"] is None:
                        continue
                    compiled += 1
                    spilling += c["outcome"] == "pending" and c["spill_bytes"] > 0
                    shared_equal += c["shared_bytes"] == c["shared_bytes_estimate"]
                    near += abs(c["registers_estimate"] / c["registers"] - 1) <= 0.2
                counts = result["counts"]
                print(f"{name:34}{gpu:6}{counts['constructed']:5}{counts['compiled']:6}{counts['verified']:6}"
                      f"{counts['failed']:7}{seconds:7.1f}  {result['best_us']:.1f} us "
                      f"{result['candidates'][0]['target']}", flush=True)
        print(f"\nconstruct + rank: median {1e3 * sorted(construct)[len(construct) // 2]:.1f} ms, "
              f"largest {1e3 * max(construct):.1f} ms")
        print(f"slowest tune: {slowest[0]:.1f} s ({slowest[1]})")
        print(f"{compiled} compiled: {spilling} accepted with spills, shared bytes as predicted in {shared_equal}, "
              f"registers within 20 % in {near} ({100 * near / max(1, compiled):.0f} %)")

        shapes = pathlib.Path(folder) / "shapes.csv"
        draw = random.Random(1)
        extent = lambda: draw.choice([1, 8, 17, 64, 100, 512, 768, 1024, 3072, 4096, 11000])
        shapes.write_text("m,n,k\n" + "".join(f"{extent()},{extent()},{extent()}\n" for _ in range(10_000)))
        start = time.monotonic()
        subprocess.run([options.perftune, "predict", str(ROOT / "recipes/library/matmul.yaml"), "--gpu", "a100",
                        "--shapes", str(shapes)], stdout=subprocess.DEVNULL, check=True)
        print(f"predict --shapes, 10,000 rows, {os.cpu_count()} cores: {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    main()
