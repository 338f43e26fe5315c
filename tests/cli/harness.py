"""Runs the perftune executable of $PERFTUNE in a private home, as a user would."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

PERFTUNE = os.environ["PERFTUNE"]

GEMM = """name: gemm
dims: {{m: {m}, n: {n}, k: {k}}}
inputs: {{A: "{dtype}[m,k]", B: "{dtype}[k,n]"}}
outputs: {{C: "{dtype}[m,n]"}}
compute:
  - C[m,n] = sum[k](A[m,k] * B[k,n])
"""


class PerftuneTest(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="perftune_cli_"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.store = self.home / "store.db"

    def environment(self, **changes):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PERFTUNE_DB": str(self.store),
        }
        environment.update(changes)
        return environment

    def run_perftune(self, *arguments, timeout=300, **environment):
        return subprocess.run(
            [PERFTUNE, *map(str, arguments)], capture_output=True, text=True,
            cwd=self.home, env=self.environment(**environment), timeout=timeout, check=False)

    def write(self, name, text):
        path = self.home / name
        path.write_text(text)
        return path

    def gemm(self, m=256, n=256, k=128, dtype="f32"):
        return self.write(f"gemm_{m}_{n}_{k}_{dtype}.yaml", GEMM.format(m=m, n=n, k=k, dtype=dtype))

    def expect(self, result, code):
        """The exit code, with everything that was said when it is another."""
        self.assertEqual(result.returncode, code,
                         f"{result.args}\nstdout: {result.stdout[-2000:]}\nstderr: {result.stderr[-2000:]}")
        return result

    def expect_error(self, result, code, *fragments):
        """One line on stderr that holds every fragment, nothing on stdout."""
        self.expect(result, code)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.strip().splitlines()), 1, result.stderr)
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)

    def json(self, result, code=0):
        self.expect(result, code)
        return json.loads(result.stdout)
