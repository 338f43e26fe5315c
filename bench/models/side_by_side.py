"""Runs a model with ONNX Runtime and with `perftune run`, on the same threads and the same inputs."""

import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def time_runtime(run, seconds=1.0):
    """Median microseconds of a call, by the rules of `perftune run`: 50 ms warm-up, a second of runs."""
    begin = time.perf_counter()
    count = 0
    while count < 2 or time.perf_counter() - begin < 0.05:
        run()
        count += 1
    times = []
    start = time.perf_counter()
    while len(times) < 5 or (time.perf_counter() - start < seconds and len(times) < 1000):
        one = time.perf_counter()
        run()
        times.append((time.perf_counter() - one) * 1e6)
    return statistics.median(times)


def perftune(executable, arguments, database=None):
    environment = dict(os.environ)
    if database:
        environment["PERFTUNE_DB"] = str(database)
    return subprocess.run([str(executable), *map(str, arguments)], capture_output=True, text=True,
                          env=environment, check=False)


class Comparison:
    """One model at one set of inputs. `run_perftune` gives its report and its outputs."""

    def __init__(self, executable, path, inputs, threads, database, outputs=None):
        self.executable, self.path, self.inputs = executable, path, inputs
        self.threads, self.database = threads, database
        self.runtime = session(path, threads)
        self.names = outputs or [o.name for o in self.runtime.get_outputs()]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="perftune_models_"))
        for i, (name, array) in enumerate(inputs.items()):
            np.save(self.folder / f"in{i}.npy", array)

    def expected(self):
        return self.runtime.run(self.names, self.inputs)

    def run_perftune(self, *more):
        arguments = ["run", self.path, "--cpu", "--threads", self.threads, "--json", *more]
        for i, name in enumerate(self.inputs):
            arguments += ["--input", f"{name}={self.folder / f'in{i}.npy'}"]
        for i, name in enumerate(self.names):
            arguments += ["--output", f"{name}={self.folder / f'out{i}.npy'}"]
        result = perftune(self.executable, arguments, self.database)
        if result.returncode != 0:
            raise RuntimeError(f"perftune run {self.path}: exit {result.returncode}: {result.stderr.strip()}")
        arrays = [np.load(self.folder / f"out{i}.npy") for i in range(len(self.names))]
        return json.loads(result.stdout), arrays

    def difference(self, arrays):
        """The largest difference of any output, relative to that output's largest value, or to 1e-3 where
        it is smaller: a sigmoid of noise gives 6e-8, of which ONNX Runtime's own rounding is half."""
        worst = 0.0
        for mine, theirs in zip(arrays, self.expected()):
            if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
                return float("inf")
            mine, theirs = mine.astype(np.float64), theirs.astype(np.float64)
            if mine.size:
                worst = max(worst, float(np.max(np.abs(mine - theirs)) / max(np.max(np.abs(theirs)), 1e-3)))
        return worst

    def time_runtime(self):
        return time_runtime(lambda: self.runtime.run(self.names, self.inputs))
