"""Vendors' libraries as candidates and winners on the CPU: tuned, shown, run, and done without where they are not."""

import shutil
import sqlite3
import subprocess
import unittest

import numpy

from harness import PerftuneTest

OTHER_OPENBLAS = """
extern "C" const char* openblas_get_config() { return "OpenBLAS 98.7.6 of the test"; }
extern "C" void cblas_sgemm() {}
"""


class VendorWinner(PerftuneTest):
    def setUp(self):
        super().setUp()
        self.file = self.gemm(48, 64, 40)

    tuned = None  # what the first test's tune printed, and the store that it left

    def tune(self):
        """Tuned with libraries, once for all tests; skips where there is none."""
        if VendorWinner.tuned is None:
            document = self.json(self.run_perftune("tune", self.file, "--cpu", "--top", 2, "--fast", "--allow-vendor", "--json"))
            VendorWinner.tuned = document, self.store.read_bytes()
        document, store = VendorWinner.tuned
        self.store.write_bytes(store)
        (result,) = document["results"]
        self.libraries = {c["target"]: c for c in result["candidates"] if c["target"].startswith("vendor/")}
        if not self.libraries:
            self.skipTest(result["note"])
        return result

    def force(self, target):
        """Makes a library's kernel the winner, as if it had been the fastest."""
        with sqlite3.connect(self.store) as store:
            changed = store.execute("UPDATE winners SET measured_us = 0.5, predicted_us = NULL, ties = '', build = (SELECT b.id "
                                    "FROM builds b JOIN kernels k ON k.id = b.kernel WHERE k.target = ?)", (target,)).rowcount
        self.assertEqual(changed, 1)

    def tuned_and_forced(self, target="vendor/openblas"):
        self.tune()
        if target not in self.libraries:
            self.skipTest(target + " is not here")
        self.force(target)
        return self.libraries[target]

    def multiply(self, **environment):
        generator = numpy.random.default_rng(5)
        a = generator.uniform(-1, 1, (48, 40)).astype("f4")
        b = generator.uniform(-1, 1, (40, 64)).astype("f4")
        numpy.save(self.home / "a.npy", a)
        numpy.save(self.home / "b.npy", b)
        document = self.json(self.run_perftune("run", self.file, "--cpu", "--input", "A=a.npy", "--input", "B=b.npy",
                                               "--output", "C=c.npy", "--json", **environment))
        numpy.testing.assert_allclose(numpy.load(self.home / "c.npy"), a.astype("f8") @ b.astype("f8"), rtol=1e-4, atol=1e-5)
        self.assertTrue(document["verified"])
        return document

    def library(self, name, broken=False):
        """A folder in which the loader finds another library of that name, or one that does not load."""
        folder = self.home / name
        folder.mkdir()
        if broken:
            for file in ("libopenblas.so.0", "libopenblas.so"):
                (folder / file).write_text("no shared object\n")
            return folder
        compiler = shutil.which("g++") or self.skipTest("no g++")
        source = self.write("other.cpp", OTHER_OPENBLAS)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "libopenblas.so.0", source], check=True)
        return folder

    def test_libraries_compete_as_candidates(self):
        result = self.tune()
        for target, candidate in self.libraries.items():
            self.assertEqual(candidate["verified_by"], "device")
            self.assertIn(candidate["outcome"], ("timed", "noisy"))
            self.assertGreater(candidate["measured_us"], 0)
            self.assertIsNone(candidate["predicted_us"])
            self.assertIsNone(candidate["limiter"])
            self.assertIn("version=", candidate["program"])
        self.assertEqual(len(result["baselines"]), len(self.libraries))
        self.assertIn(result["best"], [c["kernel"] for c in result["candidates"]])
        self.expect(self.run_perftune("db", "verify"), 0)

    def test_report_takes_a_library_s_confirmed_time_as_tune_does(self):
        result = self.tune()
        self.expect(self.run_perftune("tune", self.file, "--cpu", "--top", 2, "--fast"), 0)  # ours wins now
        (kernel,) = self.json(self.run_perftune("report", "--json"))["kernels"]
        fastest = min(result["baselines"], key=lambda baseline: baseline["us"])
        self.assertAlmostEqual(kernel["baseline"]["us"], fastest["us"], places=9)

    def test_without_the_flag_there_is_none(self):
        (result,) = self.json(self.run_perftune("tune", self.file, "--cpu", "--top", 2, "--fast", "--json"))["results"]
        self.assertEqual([c for c in result["candidates"] if c["target"].startswith("vendor/")], [])
        self.assertEqual(result["baselines"], [])

    def test_tuning_again_without_the_flag_names_ours(self):
        self.tuned_and_forced()
        self.expect(self.run_perftune("tune", self.file, "--cpu", "--top", 2, "--fast"), 0)
        (row,) = self.json(self.run_perftune("query", "--format", "json"))["rows"]
        self.assertEqual(row["target"], "cpu/simd")

    def test_the_winner_is_run(self):
        for target in ("vendor/openblas", "vendor/onednn"):
            with self.subTest(target):
                candidate = self.tuned_and_forced(target)
                document = self.multiply()
                self.assertEqual(document["program"], candidate["program"])
                self.assertIn("winner (measured)", document["chosen"])

    def test_what_is_said_of_it(self):
        kernel = self.tuned_and_forced()["kernel"]
        (row,) = self.json(self.run_perftune("query", "--format", "json"))["rows"]
        self.assertEqual((row["target"], row["kernel"], row["basis"]), ("vendor/openblas", kernel, "measured"))
        self.assertIsNone(row["predicted_us"])
        for arguments in (["query", "--top", 3], ["query", "--history"], ["report"], ["report", "--json"], ["report", "--format", "html"],
                          ["db", "info"], ["db", "export", "--format", "csv"], ["db", "export", "--format", "t4"]):
            with self.subTest(arguments):
                self.expect(self.run_perftune(*arguments), 0)
        self.assertIn("a routine of OpenBLAS", self.expect(self.run_perftune("explain", kernel), 0).stdout)
        (explained,) = self.json(self.run_perftune("explain", kernel, "--json"))["results"]
        self.assertIsNone(explained["prediction"])
        self.expect_error(self.run_perftune("export", kernel, "-o", "out"), 2, "calls vendor/openblas", "our best is")
        self.expect_error(self.run_perftune("profile", kernel), 3, "no such GPU here")

    def test_bench_compares_ours(self):
        self.tuned_and_forced()
        (row,) = self.json(self.run_perftune("bench", self.file, "--cpu", "--json"))["results"]
        self.assertIn("cpu/simd", row["program"])
        self.assertIn("OpenBLAS", [baseline["name"] for baseline in row["baselines"]])

    def test_another_version_or_none_gives_way_to_ours(self):
        self.tuned_and_forced()
        for folder, reason in ((self.library("other"), "OpenBLAS is 98.7.6 here"),
                               (self.library("broken", broken=True), "is not here")):
            with self.subTest(reason):
                document = self.multiply(LD_LIBRARY_PATH=str(folder))
                self.assertIn("cpu/simd", document["program"])
                self.assertIn("among our own", document["chosen"])
                self.assertIn(reason, document["chosen"])

    def test_a_library_that_is_wrong_is_never_the_winner(self):
        folder = self.library("other")
        (result,) = self.json(self.run_perftune("tune", self.file, "--cpu", "--top", 2, "--fast", "--allow-vendor", "--json",
                                                LD_LIBRARY_PATH=str(folder)))["results"]
        (candidate,) = [c for c in result["candidates"] if c["target"] == "vendor/openblas"]
        self.assertEqual(candidate["outcome"], "wrong_result")
        self.assertNotEqual(result["best"], candidate["kernel"])

    def test_a_merged_store_keeps_it_and_pruning_what_stands_in(self):
        self.tuned_and_forced()
        merged = self.home / "merged.db"
        self.expect(self.run_perftune("db", "merge", self.store, "--db", merged, "--trust"), 0)
        self.expect(self.run_perftune("db", "prune", "--db", merged, "--keep-fastest", 1, "--failures", "--samples", "--binaries"), 0)
        self.expect(self.run_perftune("db", "verify", "--db", merged), 0)
        self.assertIn("vendor/openblas", self.multiply(PERFTUNE_DB=str(merged))["program"])
        folder = self.library("broken", broken=True)
        document = self.multiply(PERFTUNE_DB=str(merged), LD_LIBRARY_PATH=str(folder))
        self.assertIn("among our own", document["chosen"])


if __name__ == "__main__":
    unittest.main()
