"""What scripts/gpu_check tries besides the suites: ragged shapes of every family, type and layout to verify,
operators whose tune is repeated, and shapes without end for a data set. Each is a line of a suite file."""
import itertools
import math
import random

UNSUPPORTED = {"sm_75": {"bf16", "tf32", "f8e4m3", "f8e5m2"}, "sm_80": {"f8e4m3", "f8e5m2"}, "sm_86": {"f8e4m3", "f8e5m2"}}


def operator(name, op, dims, **parameters):
    """An operator of the library, as a suite's line."""
    dims = ", ".join(f"{key}: {value}" for key, value in dims.items())
    rest = "".join(f"{key}: {value}, " for key, value in parameters.items())
    return f"  - {{name: {name}, op: {op}, dims: {{{dims}}}, {rest}weight: 1}}"


def verify_operators(arch):
    lines = []
    types = [t for t in ("f16", "bf16", "f32", "tf32", "i8", "f8e4m3", "f64") if t not in UNSUPPORTED.get(arch, ())]
    layouts = ["{A: row, B: row}", "{A: row, B: col}", "{A: col, B: row}", "{A: col, B: col}"]
    for dtype, layout in itertools.product(types, layouts):
        extra = {"out_dtype": "f32"} if dtype.startswith("f8") else {"out_dtype": "i32"} if dtype == "i8" else {}
        for m, n, k in ((257, 384, 520), (640, 200, 1040)):
            lines.append(operator(f"mm_{dtype}_{len(lines)}", op="matmul", dims={"m": m, "n": n, "k": k}, dtype=dtype, layout=layout, **extra))
    for dtype in ("f16", "f32"):
        lines += [
            operator(f"batched_{dtype}", op="batched_matmul", dims={"b": 5, "m": 130, "n": 72, "k": 264}, dtype=dtype),
            operator(f"conv_{dtype}", op="conv2d", dims={"n": 2, "c": 40, "h": 15, "w": 15, "f": 72, "r": 3, "s": 3}, dtype=dtype, padding=1),
            operator(f"softmax_{dtype}", op="softmax", dims={"m": 300, "n": 1000}, dtype=dtype),
            operator(f"layer_norm_{dtype}", op="layer_norm", dims={"m": 333, "n": 768}, dtype=dtype),
            operator(f"rms_norm_{dtype}", op="rms_norm", dims={"m": 100, "n": 4096}, dtype=dtype),
            operator(f"cross_{dtype}", op="cross_entropy", dims={"m": 64, "n": 32000}, dtype=dtype),
            operator(f"sum_{dtype}", op="sum_rows", dims={"m": 1000, "n": 3000}, dtype=dtype),
            operator(f"columns_{dtype}", op="sum_columns", dims={"m": 1000, "n": 777}, dtype=dtype),
            operator(f"pool_{dtype}", op="max_pool2d", dims={"n": 4, "c": 24, "h": 31, "w": 31, "r": 3, "s": 3}, dtype=dtype),
            operator(f"depthwise_{dtype}", op="depthwise_conv2d", dims={"n": 2, "c": 40, "h": 28, "w": 28, "r": 3, "s": 3}, dtype=dtype),
            operator(f"transpose_{dtype}", op="transpose2d", dims={"m": 777, "n": 513}, dtype=dtype),
            operator(f"gelu_{dtype}", op="gelu", dims={"n": 100003}, dtype=dtype),
            operator(f"add_{dtype}", op="add", dims={"n": 65537}, dtype=dtype),
        ]
    return lines


def data_operators(seed):
    """Shapes drawn over families, types and sizes, without end; footprints stay below 64 MB."""
    draw = random.Random(seed)
    size = lambda low, high: max(1, int(2 ** draw.uniform(math.log2(low), math.log2(high)))) // 8 * 8 or 8  # noqa: E731
    for i in itertools.count():
        kind = draw.choice(["matmul"] * 5 + ["batched_matmul", "conv2d", "softmax", "layer_norm", "sum_rows", "transpose2d", "gelu"])
        dtype = draw.choice(["f16", "bf16", "f32"]) if kind in ("matmul", "batched_matmul") else draw.choice(["f16", "f32"])
        if kind == "matmul":
            dims = {"m": size(1, 4096), "n": size(32, 4096), "k": size(32, 4096)}
        elif kind == "batched_matmul":
            dims = {"b": size(8, 64), "m": size(16, 512), "n": size(16, 512), "k": size(32, 256)}
        elif kind == "conv2d":
            dims = {"n": draw.choice([1, 4, 16]), "c": size(16, 256), "h": draw.choice([7, 14, 28]), "w": 14, "f": size(16, 256), "r": 3, "s": 3}
        elif kind == "gelu":
            dims = {"n": size(1024, 8 << 20)}
        else:
            dims = {"m": size(8, 8192), "n": size(64, 2048)}
        yield operator(f"data_{i}", op=kind, dims=dims, dtype=dtype)


REPEATED = [
    operator("product", op="matmul", dims={"m": 1024, "n": 1024, "k": 1024}, dtype="f16"),
    operator("rows", op="softmax", dims={"m": 4096, "n": 1024}, dtype="f16"),
    operator("image", op="conv2d", dims={"n": 16, "c": 128, "h": 28, "w": 28, "f": 128, "r": 3, "s": 3}, dtype="f16", padding=1, layout="nhwc"),
]
