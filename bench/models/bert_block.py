"""A BERT-base transformer block in ONNX, as exporters write it, with ONNX Runtime and with perftune.

Usage: bert_block.py PERFTUNE [--batch 1 8] [--threads 2] [--rounds 5] [--tune] [--db PATH] [--keep FILE]

Sequence 128, hidden 768, 12 heads, feed-forward 3072, f32. Rounds alternate between the two, each a
process's median (perftune) or the session's (ONNX Runtime); the table gives the median over rounds.
"""

import argparse
import pathlib
import statistics
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from side_by_side import Comparison, perftune

HIDDEN, HEADS, INNER, SEQUENCE = 768, 12, 3072, 128


class Builder:
    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0
        self.random = np.random.default_rng(1)

    def constant(self, array):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, *inputs, **attributes):
        self.count += 1
        name = f"v{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{op}_{self.count}", **attributes))
        return name

    def dense(self, x, rows, columns):
        weight = (self.random.standard_normal((rows, columns)) * 0.02).astype(np.float32)
        bias = (self.random.standard_normal(columns) * 0.02).astype(np.float32)
        return self.node("Add", self.node("MatMul", x, self.constant(weight)), self.constant(bias))

    def layer_norm(self, x):
        mean = self.node("ReduceMean", x, axes=[-1])
        centred = self.node("Sub", x, mean)
        squared = self.node("Pow", centred, self.constant(np.float32(2)))
        variance = self.node("ReduceMean", squared, axes=[-1])
        root = self.node("Sqrt", self.node("Add", variance, self.constant(np.float32(1e-12))))
        gamma = (1 + 0.1 * self.random.standard_normal(HIDDEN)).astype(np.float32)
        beta = (0.1 * self.random.standard_normal(HIDDEN)).astype(np.float32)
        scaled = self.node("Mul", self.node("Div", centred, root), self.constant(gamma))
        return self.node("Add", scaled, self.constant(beta))

    def gelu(self, x):
        inner = self.node("Erf", self.node("Div", x, self.constant(np.float32(2 ** 0.5))))
        product = self.node("Mul", x, self.node("Add", inner, self.constant(np.float32(1))))
        return self.node("Mul", product, self.constant(np.float32(0.5)))

    def heads(self, x, perm):
        shape = self.constant(np.array([0, 0, HEADS, HIDDEN // HEADS], np.int64))
        return self.node("Transpose", self.node("Reshape", x, shape), perm=perm)

    def block(self, x, mask):
        query = self.heads(self.dense(x, HIDDEN, HIDDEN), [0, 2, 1, 3])
        key = self.heads(self.dense(x, HIDDEN, HIDDEN), [0, 2, 3, 1])
        value = self.heads(self.dense(x, HIDDEN, HIDDEN), [0, 2, 1, 3])
        scores = self.node("Div", self.node("MatMul", query, key), self.constant(np.float32(8)))
        weights = self.node("Softmax", self.node("Add", scores, mask), axis=-1)
        context = self.node("Transpose", self.node("MatMul", weights, value), perm=[0, 2, 1, 3])
        merged = self.node("Reshape", context, self.constant(np.array([0, 0, HIDDEN], np.int64)))
        x = self.layer_norm(self.node("Add", self.dense(merged, HIDDEN, HIDDEN), x))
        inner = self.gelu(self.dense(x, HIDDEN, INNER))
        return self.layer_norm(self.node("Add", self.dense(inner, INNER, HIDDEN), x))


def make(path, blocks=1):
    b = Builder()
    last = "x"
    for _ in range(blocks):
        last = b.block(last, "mask")
    b.nodes.append(helper.make_node("Identity", [last], ["y"]))
    graph = helper.make_graph(
        b.nodes, "bert_block",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", SEQUENCE, HIDDEN]),
         helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", 1, 1, SEQUENCE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", SEQUENCE, HIDDEN])], b.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(path))


def inputs(batch):
    random = np.random.default_rng(2)
    mask = np.zeros((batch, 1, 1, SEQUENCE), np.float32)
    mask[:, :, :, SEQUENCE - 16:] = -10000
    return {"x": random.standard_normal((batch, SEQUENCE, HIDDEN)).astype(np.float32), "mask": mask}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("perftune")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--blocks", type=int, default=1)
    parser.add_argument("--tune", action="store_true", help="tune first; minutes")
    parser.add_argument("--db", default="")
    parser.add_argument("--keep", default="", help="where to write the model")
    options = parser.parse_args()
    path = pathlib.Path(options.keep or pathlib.Path(tempfile.mkdtemp()) / "bert_block.onnx")
    make(path, options.blocks)
    print(f"{'batch':>5} {'onnxruntime':>14} {'perftune':>12} {'ratio':>6} {'difference':>11} {'tuned':>9}")
    for batch in options.batch:
        if options.tune:
            result = perftune(options.perftune, ["tune", path, "--cpu", "--threads", options.threads, "--dim", f"batch={batch}",
                                                 "--resume", *(["--db", options.db] if options.db else [])])
            if result.returncode != 0:
                raise SystemExit(result.stderr)
        comparison = Comparison(options.perftune, path, inputs(batch), options.threads, options.db)
        theirs, mine = [], []
        for _ in range(options.rounds):
            report, arrays = comparison.run_perftune()
            mine.append(report["measured_us"])
            theirs.append(comparison.time_runtime())
        a, b = statistics.median(theirs), statistics.median(mine)
        print(f"{batch:>5} {a / 1000:>11.2f} ms {b / 1000:>9.2f} ms {a / b:>6.2f} {comparison.difference(arrays):>11.1e} "
              f"{report['winners']:>4}/{report['kernels']}")


if __name__ == "__main__":
    main()
