"""Tune an operator, ask what was found, and run it on NumPy or DLPack tensors.

    import numpy, perftune
    perftune.tune("ffn.yaml", cpu=True, db="ffn.db")
    executor = perftune.Executor("ffn.db")
    y = executor.run("ffn", x, w, bias)

`tune` and `query` run the `perftune` program that came with the package; `Executor` launches kernels in
this process, through libperftune_executor. Whatever fails raises PerftuneError with one line; its
`status` is "PERFTUNE_..." (docs/executor.md), or "exit N" of the program.
"""

from perftune._executor import PerftuneError, version as _version
from perftune.executor import Executor, Kernel, Launch
from perftune.tool import default_store, query, tune

__version__ = _version()
__all__ = ["Executor", "Kernel", "Launch", "PerftuneError", "default_store", "query", "tune"]
