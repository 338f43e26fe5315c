#!/usr/bin/env python3
"""PyTorch and Triton on the operators that gpu_check tuned, under the same policy: cold L2, medians.

    bench/gpu_python.py OUTDIR SECONDS

Reads OUTDIR/tuned.json and the suite lines it names, measures until SECONDS are over, writes
OUTDIR/python.json: per operator the library's time over ours, and the geometric means. Needs a GPU and
PyTorch; Triton where it is there. Operators that neither has a counterpart for are left out.
"""
import json
import math
import pathlib
import re
import statistics
import sys
import time

import torch
import torch.nn.functional as F

try:
    import triton
    import triton.language as tl
except ImportError:
    triton = None

DTYPES = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32}
ROUNDS = 15


def parse(line):
    """The fields of one suite line, as far as they are needed here."""
    field = lambda name, otherwise=None: (re.search(rf"\b{name}: ([\w.]+)", line) or [None, otherwise])[1]  # noqa: E731
    dims = {key: int(value) for key, value in re.findall(r"(\w+): (\d+)", re.search(r"dims: {([^}]*)}", line)[1])}
    epilogue = re.search(r"epilogue: \[([^\]]*)\]", line)
    return field("op"), dims, field("dtype", "f32"), [w.strip() for w in epilogue[1].split(",")] if epilogue else [], "layout" in line


def after(epilogue, y, dims, like):
    """What the epilogue does, with its operands made here; None: something unknown."""
    operands = {"bias": torch.randn(dims["n"], **like), "residual": torch.randn(dims.get("m", 1), dims["n"], **like)}
    steps = {"bias": lambda x: x + operands["bias"], "residual": lambda x: x + operands["residual"], "relu": F.relu,
             "gelu": F.gelu, "sigmoid": torch.sigmoid, "silu": F.silu}
    if any(step not in steps for step in epilogue):
        return None

    def call():
        x = y()
        for step in epilogue:
            x = steps[step](x)
        return x
    return call


def torch_call(op, d, dtype, epilogue, layout):
    if dtype not in DTYPES or layout:
        return None
    like = {"device": "cuda", "dtype": DTYPES[dtype]}
    if op in ("matmul", "linear"):
        a = torch.randn(d["m"], d["k"], **like)
        if op == "linear":
            b = torch.randn(d["n"], d["k"], **like)
            if epilogue[:1] == ["bias"]:
                bias = torch.randn(d["n"], **like)
                return after(epilogue[1:], lambda: F.linear(a, b, bias), d, like)
            return after(epilogue, lambda: F.linear(a, b), d, like)
        b = torch.randn(d["k"], d["n"], **like)
        if epilogue[:1] == ["bias"]:
            bias = torch.randn(d["n"], **like)
            return after(epilogue[1:], lambda: torch.addmm(bias, a, b), d, like)
        return after(epilogue, lambda: a @ b, d, like)
    if epilogue:
        return None
    if op == "batched_matmul":
        a, b = torch.randn(d["b"], d["m"], d["k"], **like), torch.randn(d["b"], d["k"], d["n"], **like)
        return lambda: torch.bmm(a, b)
    if op in ("softmax", "log_softmax"):
        x = torch.randn(d["m"], d["n"], **like)
        return lambda: getattr(torch, op)(x, -1)
    if op == "layer_norm":
        x, g, b = torch.randn(d["m"], d["n"], **like), torch.randn(d["n"], **like), torch.randn(d["n"], **like)
        return lambda: F.layer_norm(x, (d["n"],), g, b)
    return None


if triton:
    @triton.autotune(configs=[triton.Config({"BM": m, "BN": n, "BK": k}, num_warps=w, num_stages=s) for m, n, k, w, s in
                              ((128, 256, 64, 8, 3), (128, 128, 64, 8, 4), (128, 128, 32, 4, 4), (64, 128, 64, 4, 4), (64, 64, 64, 4, 4), (32, 128, 64, 4, 4))],
                     key=["m", "n", "k"])
    @triton.jit
    def product(a, b, c, m, n, k, bk, bn, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
        block = tl.program_id(0)
        columns = tl.cdiv(n, BN)
        rows, cols = block // columns * BM + tl.arange(0, BM), block % columns * BN + tl.arange(0, BN)
        inner = tl.arange(0, BK)
        total = tl.zeros((BM, BN), dtype=tl.float32)
        for start in range(0, k, BK):
            left = (inner + start) < k
            x = tl.load(a + rows[:, None] * k + (inner + start)[None, :], mask=(rows < m)[:, None] & left[None, :], other=0.0)
            y = tl.load(b + (inner + start)[:, None] * bk + cols[None, :] * bn, mask=left[:, None] & (cols < n)[None, :], other=0.0)
            total += tl.dot(x, y)
        tl.store(c + rows[:, None] * n + cols[None, :], total.to(c.dtype.element_ty), mask=(rows < m)[:, None] & (cols < n)[None, :])


def triton_call(op, d, dtype, epilogue, layout):
    if triton is None or op not in ("matmul", "linear") or dtype not in ("f16", "bf16") or epilogue or layout:
        return None
    like = {"device": "cuda", "dtype": DTYPES[dtype]}
    a, c = torch.randn(d["m"], d["k"], **like), torch.empty(d["m"], d["n"], **like)
    b = torch.randn(d["n"], d["k"], **like).t() if op == "linear" else torch.randn(d["k"], d["n"], **like)
    grid = lambda meta: (triton.cdiv(d["m"], meta["BM"]) * triton.cdiv(d["n"], meta["BN"]),)  # noqa: E731
    return lambda: product[grid](a, b, c, d["m"], d["n"], d["k"], b.stride(0), b.stride(1))


def median_us(call, flush):
    for _ in range(3):
        call()
    torch.cuda.synchronize()
    times = []
    for _ in range(ROUNDS):
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        flush.zero_()
        start.record()
        call()
        stop.record()
        stop.synchronize()
        times.append(start.elapsed_time(stop) * 1e3)
    return statistics.median(times)


def main():
    out, end = pathlib.Path(sys.argv[1]), time.monotonic() + float(sys.argv[2])
    flush = torch.empty(2 * torch.cuda.get_device_properties(0).L2_cache_size, dtype=torch.uint8, device="cuda")
    rows, ratios = [], {"torch": [], "triton": []}
    for entry in json.loads((out / "tuned.json").read_text()):
        if time.monotonic() > end:
            break
        line = next(text for text in (out / entry["file"]).read_text().splitlines() if text.lstrip().startswith("- {"))
        row = {"operator": entry["operator"], "ours_us": entry["us"]}
        for name, make in (("torch", torch_call), ("triton", triton_call)):
            try:
                call = make(*parse(line))
                if call is None:
                    continue
                row[f"{name}_us"] = median_us(call, flush)
                ratios[name].append(row[f"{name}_us"] / entry["us"])
            except Exception as error:  # out of memory, a compiler that is not there: that pair is left out
                row[f"{name}_failed"] = f"{type(error).__name__}: {error}"[:200]
        rows.append(row)
        means = {name: round(math.exp(sum(map(math.log, values)) / len(values)), 3) for name, values in ratios.items() if values}
        (out / "python.json").write_text(json.dumps({"rows": rows, "geometric_means": means}, indent=1) + "\n")


if __name__ == "__main__":
    main()
