"""Kernels of a store in this process."""

from __future__ import annotations

import os
from typing import Any, Optional, Sequence, Union

import numpy

from perftune import _executor
from perftune.tool import default_store

Tensor = Any  # a NumPy array, or whatever has __dlpack__ (PyTorch, JAX, CuPy, ...)


class Launch:
    """A kernel on fixed tensors: checked once, called often. Calling it runs it.

    On the CPU it returns when done, on a GPU when it is in the stream.
    """

    def __init__(self, launch: "_executor.Launch", outputs: tuple[Tensor, ...]):
        self._launch = launch
        self.outputs = outputs

    def __call__(self) -> None:
        self._launch.run()


class Kernel:
    """A kernel at one shape. `info` says which it is and how it was found.

    info["hit"]: "exact", "bucket", "nearest", "default", or "runner-up" (the winner calls a vendor's library that
    is not here: "note" says so); "program", "tuned_at", "tuned_on",
    "basis" ("measured" or "predicted"), "stored_us", "estimated_us", "inputs", "outputs", ...
    """

    def __init__(self, kernel: "_executor.Kernel"):
        self._kernel = kernel
        self.info: dict[str, Any] = kernel.describe()

    def __call__(self, *inputs: Tensor, out: Union[Tensor, Sequence[Tensor], None] = None, stream: int = 0) -> Any:
        """Runs once; returns the output, or a tuple of several. `out`: where to write, not to allocate."""
        outputs = self._outputs(inputs, out)
        self._kernel.run([*inputs, *outputs], stream)
        return outputs[0] if len(outputs) == 1 else outputs

    def prepare(self, *inputs: Tensor, out: Union[Tensor, Sequence[Tensor], None] = None, stream: int = 0) -> Launch:
        """The same as something to call again: the tensors stay where they are."""
        outputs = self._outputs(inputs, out)
        return Launch(_executor.Launch(self._kernel, [*inputs, *outputs], stream), outputs)

    def _outputs(self, inputs: Sequence[Tensor], out: Union[Tensor, Sequence[Tensor], None]) -> tuple[Tensor, ...]:
        if out is None:
            return tuple(_empty(inputs[0], tensor) for tensor in self.info["outputs"])
        return tuple(out) if isinstance(out, (tuple, list)) else (out,)


class Executor:
    """A store opened for running: finds the best known kernel for each shape and launches it.

    db:         store; by default perftune.default_store().
    device:     "cpu" or "cuda" (with `ordinal`).
    threads:    CPU threads that one launch may use; 0: one per core.
    trust:      whose binaries may run: "own" (of a store that you or root own and nobody else may write),
                "all", "none".
    exact_only: raise instead of serving a shape that was not tuned on this device.

    Thread-safe. Raises PerftuneError.
    """

    def __init__(self, db: Union[str, "os.PathLike[str]", None] = None, *, device: str = "cpu", ordinal: int = 0,
                 threads: int = 0, trust: str = "own", exact_only: bool = False):
        if device not in ("cpu", "cuda"):
            raise ValueError("device is 'cpu' or 'cuda'")
        if trust not in ("own", "all", "none"):
            raise ValueError("trust is 'own', 'all' or 'none'")
        self._store = _executor.Store(os.fspath(db or default_store()), device, ordinal, threads, trust)
        self._exact_only = exact_only

    def find(self, name: str, *inputs: Tensor, dtype: str = "", **dims: int) -> Kernel:
        """The kernel of operator `name` at the shape of `inputs`, or at `dims`; `dtype` ("f16") of the first
        input where the name was tuned for several."""
        return Kernel(self._store.find(name, list(dims.items()), list(inputs), dtype, self._exact_only))

    def run(self, name: str, *inputs: Tensor, out: Union[Tensor, Sequence[Tensor], None] = None, stream: int = 0,
            **dims: int) -> Any:
        """Runs operator `name` on `inputs` (in the file's order); returns the output, or a tuple of several.

        out:  where to write; outputs are allocated like the first input where it is not given.
        dims: dimensions that no input shows.
        """
        return self.find(name, *inputs, **dims)(*inputs, out=out, stream=stream)

    def sequence(self, *launches: Launch, stream: int = 0) -> Launch:
        """Prepared launches as one: a CUDA graph on a GPU, one plan on the CPU."""
        made = _executor.Sequence([launch._launch for launch in launches], stream)
        return Launch(made, tuple(o for launch in launches for o in launch.outputs))


_NUMPY = {"f64": "float64", "f32": "float32", "tf32": "float32", "f16": "float16", "i32": "int32", "i8": "int8",
          "u8": "uint8", "bool": "bool"}
_TORCH = {**_NUMPY, "bf16": "bfloat16", "f8e4m3": "float8_e4m3fn", "f8e5m2": "float8_e5m2"}


def _empty(like: Tensor, tensor: dict[str, Any]) -> Tensor:
    """An output beside the first input: of its library and on its device."""
    if type(like).__module__.split(".")[0] == "torch":
        import torch

        return torch.empty(tensor["shape"], dtype=getattr(torch, _TORCH[tensor["dtype"]]), device=like.device)
    if tensor["dtype"] in _NUMPY:
        return numpy.empty(tensor["shape"], _NUMPY[tensor["dtype"]])
    import ml_dtypes  # NumPy's bfloat16 and 8-bit floats

    return numpy.empty(tensor["shape"], getattr(ml_dtypes, _TORCH[tensor["dtype"]]))
