"""`tune` and `query`: the `perftune` program as functions."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
from typing import Any, Iterable, Mapping, Optional, Union

from perftune._executor import PerftuneError

PathLike = Union[str, "os.PathLike[str]"]


def program() -> pathlib.Path:
    """Where the `perftune` program is: beside this file, or $PERFTUNE."""
    beside = pathlib.Path(__file__).parent / "bin" / "perftune"
    return pathlib.Path(os.environ.get("PERFTUNE", beside))


def default_store() -> str:
    """The store that is used where none is named: $PERFTUNE_DB, else that of the program."""
    if os.environ.get("PERFTUNE_DB"):
        return os.environ["PERFTUNE_DB"]
    data = os.environ.get("XDG_DATA_HOME") or str(pathlib.Path.home() / ".local" / "share")
    return str(pathlib.Path(data) / "perftune" / "perftune.db")


def _run(arguments: Iterable[object]) -> Any:
    command = [str(program()), *(str(a) for a in arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    # 6: a budget ended early; the results are partial, and say so.
    if done.returncode not in (0, 6):
        error = PerftuneError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "perftune failed")
        error.status = f"exit {done.returncode}"
        raise error
    return json.loads(done.stdout)


def tune(
    operator: Union[PathLike, Mapping[str, Any]],
    *,
    cpu: bool = False,
    gpu: Optional[str] = None,
    db: Optional[PathLike] = None,
    top: int = 10,
    budget: Optional[str] = None,
    threads: Optional[int] = None,
    seed: int = 1,
    resume: bool = False,
    allow_vendor: bool = False,
) -> list[dict[str, Any]]:
    """Construct, compile, verify, measure, remember; the winner stays in the store.

    operator: path of an operator or suite file, or the operator as a mapping (docs/operators.md).
    cpu, gpu: what to tune for: this CPU, or a GPU by name ("a100"; "local" for the one in this machine).
    db:       store; by default default_store().
    top:      candidates to bring through verification.
    budget:   wall time for everything: "30s", "2m".
    allow_vendor: kernels of vendors' libraries compete, and may be the winner.

    Returns one mapping per operator and shape, as `perftune tune --json` prints (`best`, `best_basis`,
    `candidates`, ...). Raises PerftuneError.
    """
    if cpu == (gpu is not None):
        raise ValueError("either cpu=True or gpu=NAME")
    arguments: list[object] = ["--cpu"] if cpu else ["--gpu", gpu]
    for option, value in (("--db", db or default_store()), ("--top", top), ("--budget", budget), ("--threads", threads),
                          ("--seed", seed)):
        if value is not None:
            arguments += [option, value]
    if resume:
        arguments.append("--resume")
    if allow_vendor:
        arguments.append("--allow-vendor")
    if not isinstance(operator, Mapping):
        return _run(["tune", operator, *arguments, "--json"])["results"]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"{operator.get('name') or operator.get('op') or 'operator'}.yaml"
        path.write_text(json.dumps(operator))  # JSON is YAML
        return _run(["tune", path, *arguments, "--json"])["results"]


def query(*conditions: str, db: Optional[PathLike] = None, top: Optional[int] = None,
          columns: Optional[Iterable[str]] = None) -> list[dict[str, Any]]:
    """Winners of the store: `query("operator=ffn", "m>=128")`. One mapping per row.

    top:     so many kernels behind each winner, too.
    columns: what to show; `perftune query --list-columns` lists them.
    """
    arguments: list[object] = ["query", *conditions, "--db", db or default_store(), "--limit", 0, "--format", "json"]
    if top is not None:
        arguments += ["--top", top]
    if columns is not None:
        arguments += ["--columns", ",".join(columns)]
    return _run(arguments)["rows"]
