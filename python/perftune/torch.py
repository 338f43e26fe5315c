"""A tuned operator as a PyTorch custom operator: `import perftune.torch` needs torch.

    ffn = perftune.torch.custom_operator("ffn", perftune.Executor("ffn.db"))
    y = ffn(x, w, bias)              # also inside torch.compile: shapes are known without running

For inference: no gradient is registered.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy
import torch

from perftune.executor import _TORCH, Executor


def custom_operator(name: str, executor: Executor, *, inputs: int, namespace: str = "perftune",
                    called: Optional[str] = None) -> Callable[..., Any]:
    """Registers `namespace::called` (by default `name`), which takes `inputs` tensors and returns one.

    Runs in the current CUDA stream where the tensors are on a GPU.
    """
    called = called or name
    library = _library(namespace)
    arguments = ", ".join(f"Tensor t{i}" for i in range(inputs))
    library.define(f"{called}({arguments}) -> Tensor")

    def run(*tensors: torch.Tensor) -> torch.Tensor:
        tensors = tuple(t.detach().contiguous() for t in tensors)
        stream = torch.cuda.current_stream(tensors[0].device).cuda_stream if tensors[0].is_cuda else 0
        return executor.run(name, *tensors, stream=stream)

    def shape(*tensors: torch.Tensor) -> torch.Tensor:
        # Shapes and types are enough, and a fake tensor has no more; the pages are never touched.
        plain = [numpy.empty(tuple(t.shape), str(t.dtype).removeprefix("torch.")) for t in tensors]
        (output,) = executor.find(name, *plain).info["outputs"]
        return torch.empty(output["shape"], dtype=getattr(torch, _TORCH[output["dtype"]]), device=tensors[0].device)

    library.impl(called, run, "CPU")
    library.impl(called, run, "CUDA")
    library.impl(called, shape, "Meta")
    return getattr(getattr(torch.ops, namespace), called)


_libraries: dict[str, torch.library.Library] = {}  # registrations end with their library


def _library(namespace: str) -> torch.library.Library:
    """The one of this namespace; before torch 2.0 a namespace is defined once, by one library."""
    if namespace not in _libraries:
        try:
            _libraries[namespace] = torch.library.Library(namespace, "FRAGMENT")
        except ValueError:
            _libraries[namespace] = torch.library.Library(namespace, "DEF")
    return _libraries[namespace]
