"""`perftune predict`, `tune` and `run` on ONNX files."""

import json
import os
import sqlite3
import subprocess
import unittest

import numpy as np

from gpu_test import FakeGpuTest
from harness import PerftuneTest


class ModelCommands(PerftuneTest):
    def setUp(self):
        super().setUp()
        subprocess.run([os.environ["WRITE_SAMPLE_MODELS"], str(self.home)], check=True)

    def test_a_missing_extent_is_named_with_what_to_type(self):
        self.expect_error(self.run_perftune("predict", "attention.onnx", "--cpu"), 2,
                          "attention.onnx", "'d1'", "input 'x'", "--dim d1=1")

    def test_a_dimension_that_the_model_has_not_is_refused(self):
        self.expect_error(self.run_perftune("predict", "attention.onnx", "--cpu", "--dim", "rows=3"), 2, "rows", "d1")
        self.expect_error(self.run_perftune("predict", "attention.onnx", "--cpu", "--dim", "d1=-3"), 2, "--dim")

    def test_a_truncated_file_is_one_line(self):
        whole = (self.home / "attention.onnx").read_bytes()
        for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
            (self.home / "cut.onnx").write_bytes(whole[:length])
            self.expect_error(self.run_perftune("predict", "cut.onnx", "--cpu", "--dim", "d1=1"), 2, "cut.onnx")

    def test_dim_is_for_models(self):
        self.expect_error(self.run_perftune("predict", self.gemm(), "--cpu", "--dim", "m=3"), 2, "--dim")

    def test_each_operator_is_listed_once_with_its_calls(self):
        result = self.run_perftune("predict", "attention.onnx", "--gpu", "a100", "--dim", "d1=2", "--json")
        rows = self.json(result)["results"]
        self.assertEqual(len(rows), len({row["signature"] for row in rows}))
        norms = [row["weight"] for row in rows if row["operator"].startswith("ReduceMean")]
        self.assertEqual(norms, [2.0])
        self.assertIn("kernels", result.stderr)

    def test_run_writes_outputs_that_the_reference_confirms(self):
        np.save(self.home / "x.npy", np.random.default_rng(0).standard_normal((2, 16, 32)).astype(np.float32))
        report = self.json(self.run_perftune("run", "attention.onnx", "--cpu", "--input", "x=x.npy", "--check", "--json"))
        self.assertLess(report["outputs"][0]["difference"], 1e-5)
        self.assertEqual(report["reference"], {})
        self.assertEqual(report["winners"], 0)

    def test_tuned_kernels_are_used(self):
        tuned = self.json(self.run_perftune("tune", "attention.onnx", "--cpu", "--dim", "d1=1", "--top", "1", "--json"))
        self.assertTrue(all(row["best"] for row in tuned["results"]))
        report = self.json(self.run_perftune("run", "attention.onnx", "--cpu", "--dim", "d1=1", "--check", "--json"))
        self.assertEqual(report["winners"], report["kernels"])
        self.assertLess(report["outputs"][0]["difference"], 1e-5)

    def test_a_librarys_winner_is_called_where_the_library_is(self):
        self.expect(self.run_perftune("tune", "products.onnx", "--cpu", "--top", "1", "--fast", "--allow-vendor"), 0)
        with sqlite3.connect(self.store) as store:
            of_the_library = ("(SELECT m.build FROM measurements m JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel "
                              "WHERE m.operator = winners.operator AND k.target = 'vendor/openblas')")
            forced = store.execute(f"UPDATE winners SET build = {of_the_library} WHERE {of_the_library} IS NOT NULL").rowcount
        if forced == 0:
            self.skipTest("no OpenBLAS here")
        model = ["run", "products.onnx", "--cpu", "--check", "--json"]
        report = self.json(self.run_perftune(*model))
        programs = [program for step in report["steps"] for program in step["programs"]]
        self.assertEqual(sum("vendor/openblas" in program for program in programs), forced)
        self.assertLess(report["outputs"][0]["difference"], 1e-5)
        empty = self.home / "empty"
        empty.mkdir()
        for file in ("libopenblas.so.0", "libopenblas.so"):
            (empty / file).write_text("no shared object\n")
        report = self.json(self.run_perftune(*model, LD_LIBRARY_PATH=str(empty)))
        self.assertNotIn("vendor/", json.dumps(report["steps"]))
        self.assertEqual(report["winners"], report["kernels"])
        self.assertLess(report["outputs"][0]["difference"], 1e-5)

    def run_kept(self):
        result = self.run_perftune("run", "convolutions.onnx", "--cpu", "--check", "--json", "--db", "kept.db")
        report = self.json(result)
        self.assertTrue(all(output["difference"] < 1e-5 for output in report["outputs"]))
        self.assertGreaterEqual(report["sources"], 2)
        return report, result.stderr

    def test_compiled_kernels_are_kept_and_altered_ones_made_again(self):
        first, _ = self.run_kept()
        self.assertEqual(first["compiled"], first["sources"])
        self.assertEqual(self.run_kept()[0]["compiled"], 0)
        with sqlite3.connect(self.home / "kept.db") as store:
            builds = [row[0] for row in store.execute("SELECT id FROM builds")]
            store.execute("UPDATE builds SET binary = x'7f454c46' WHERE id = ?", builds[:1])
            store.execute("UPDATE kernels SET source = source || ' ' WHERE id = (SELECT kernel FROM builds WHERE id = ?)", builds[1:2])
        report, said = self.run_kept()
        self.assertEqual(report["compiled"], 2)
        self.assertIn("2 kept kernels do not match their hash", said)
        self.assertEqual(self.run_kept()[0]["compiled"], 0)

    def test_kernels_of_another_compiler_or_of_a_file_that_others_may_write_are_not_used(self):
        self.run_kept()
        (self.home / "kept.db").chmod(0o666)
        report, said = self.run_kept()
        self.assertIn("others may write the store", said)
        self.assertEqual(report["compiled"], report["sources"])
        (self.home / "kept.db").chmod(0o600)
        with sqlite3.connect(self.home / "kept.db") as store:
            store.execute("UPDATE toolchains SET compiler = compiler || '.1'")
        report, _ = self.run_kept()
        self.assertEqual(report["compiled"], report["sources"])

    def test_values_of_scalars_choose_branches(self):
        x = np.array([1, -2, 3, 0.5], np.float32)
        np.save(self.home / "x.npy", x)
        for n, first in ((1, -x), (3, np.exp(x))):
            np.save(self.home / "n.npy", np.array(n, np.int64))
            report = self.json(self.run_perftune("run", "branches.onnx", "--cpu", "--input", "x=x.npy", "--input", "n=n.npy",
                                                 "--output", "v3=y.npy", "--json"))
            np.testing.assert_allclose(np.load(self.home / "y.npy"), first + n * x, rtol=1e-5)
            self.assertNotIn("If", report["reference"])

    def test_an_input_of_another_type_is_refused(self):
        np.save(self.home / "x.npy", np.zeros((4,), np.float64))
        self.expect_error(self.run_perftune("run", "branches.onnx", "--cpu", "--input", "x=x.npy", "--dim", "n=1"), 2, "<f8", "f32")
        self.expect_error(self.run_perftune("run", "branches.onnx", "--cpu", "--input", "q=x.npy"), 2, "q", "x, n")


class OnAGpu(FakeGpuTest):
    """On the fake driver of tests/fake_cuda, which emulates."""

    def setUp(self):
        super().setUp()
        subprocess.run([os.environ["WRITE_SAMPLE_MODELS"], str(self.home)], check=True)

    def test_tuned_kernels_are_used(self):
        self.json(self.on_gpu("tune", "attention.onnx", "--gpu", "local", "--dim", "d1=1", "--top", 1, "--fast", "--json"))
        report = self.json(self.on_gpu("run", "attention.onnx", "--gpu", "local", "--dim", "d1=1", "--check", "--profile", "--json"))
        self.assertEqual((report["hardware"], report["winners"]), ("a100-sxm-80gb", report["kernels"]))
        self.assertLess(report["outputs"][0]["difference"], 1e-5)

    def test_what_no_kernel_computes_runs_on_the_host_between_copies(self):
        report = self.json(self.on_gpu("run", "odd.onnx", "--gpu", "local", "--check", "--json"))
        self.assertGreater(len(report["reference"]), 0)
        self.assertLess(max(output["difference"] for output in report["outputs"]), 1e-5)

    def test_a_device_that_is_lost_is_one_line(self):
        self.device(lost_at_module=1)
        self.expect_error(self.on_gpu("run", "attention.onnx", "--gpu", "local", "--dim", "d1=1"), 3, "CUDA_ERROR_UNKNOWN")


if __name__ == "__main__":
    unittest.main()
