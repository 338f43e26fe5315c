"""The main job: offline for GPUs that are not here, measured on the CPU that is."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import threading
import time

from harness import PERFTUNE, PerftuneTest

CANDIDATE_FIELDS = {
    "kernel", "program", "target", "predicted_us", "predicted_low_us", "predicted_high_us", "measured_us",
    "samples", "spread", "registers", "shared_bytes", "spill_bytes", "occupancy", "limiter", "verified_by",
    "outcome"}


RANGE = """name: gemm
dims: {m: {range: [1, 96], points: [8, 64]}, n: 32, k: 32}
inputs: {A: "f32[m,k]", B: "f32[k,n]"}
outputs: {C: "f32[m,n]"}
compute:
  - C[m,n] = sum[k](A[m,k] * B[k,n])
"""


class Offline(PerftuneTest):
    def tune(self, gpu, path, *more, **environment):
        return self.json(self.run_perftune("tune", path, "--gpu", gpu, "--json", *more, **environment))

    def test_document_has_the_contract_s_fields(self):
        document = self.tune("a100", self.gemm(dtype="f16"), "--top", 3)
        self.assertEqual(document["schema"], "perftune.tune/1")
        (result,) = document["results"]
        for field in ("operator", "signature", "hardware", "mode", "counts", "candidates", "best",
                      "best_basis", "ties", "baselines", "seconds"):
            self.assertIn(field, result)
        self.assertEqual(result["mode"], "offline")
        self.assertEqual(result["best_basis"], "predicted")
        self.assertGreaterEqual(result["counts"]["constructed"], 20)
        self.assertEqual(result["counts"]["measured"], 0)
        self.assertEqual(set(result["seconds"]), {"construct", "compile", "verify", "measure", "total"})
        for candidate in result["candidates"]:
            self.assertLessEqual(CANDIDATE_FIELDS, set(candidate))
            self.assertIsNone(candidate["measured_us"])
            if candidate["outcome"] == "pending":
                self.assertEqual(candidate["verified_by"], "emulation")
                self.assertEqual(candidate["spill_bytes"], 0)
                self.assertGreater(candidate["registers"], 0)
        self.assertIn(result["best"], {c["kernel"] for c in result["candidates"]})

    def test_explain_predicts_a_compiled_kernel_as_tune_does(self):
        path = self.write("relu.yaml", "op: relu\ndims: {n: 4194304}\n")
        (result,) = self.tune("a100", path, "--top", 2)["results"]
        for candidate in result["candidates"]:
            (explained,) = self.json(self.run_perftune("explain", candidate["kernel"], "--json"))["results"]
            self.assertEqual(explained["prediction"]["predicted_us"], candidate["predicted_us"])
            self.assertEqual(explained["registers"], candidate["registers"])

    def test_every_architecture_compiles_and_verifies(self):
        for gpu in ("t4", "h200", "b200"):
            with self.subTest(gpu=gpu):
                (result,) = self.tune(gpu, self.gemm(m=100, n=72, k=80, dtype="f16"), "--top", 2)["results"]
                self.assertEqual(result["counts"]["verified"], 2)

    def test_large_matmuls_are_won_by_the_tensor_cores(self):
        for gpu, dtype, target in (("h200", "bf16", "cuda/wgmma"), ("a100", "bf16", "cuda/mma"),
                                   ("t4", "f16", "cuda/mma")):
            with self.subTest(gpu=gpu):
                path = self.gemm(m=4096, n=4096, k=4096, dtype=dtype)
                (result,) = self.tune(gpu, path, "--top", 3)["results"]
                (best,) = [c for c in result["candidates"] if c["kernel"] == result["best"]]
                self.assertEqual(best["target"], target)
                for candidate in result["candidates"]:
                    self.assertEqual(candidate["verified_by"], "emulation", candidate)
                    self.assertEqual(candidate["spill_bytes"], 0, candidate)

    def test_model_only_hardware_compiles_nothing(self):
        (result,) = self.tune("v100", self.gemm())["results"]
        self.assertEqual(result["counts"]["compiled"], 0)
        self.assertTrue(result["best"])

    def test_a_range_is_predicted_between_its_points(self):
        document = self.tune("a100", self.write("range.yaml", RANGE), "--top", 1)
        (table,) = document["dispatch"]
        self.assertEqual(table["basis"], "predicted")
        self.assertEqual((table["entries"][0]["low"], table["entries"][-1]["high"]), (1, 96))

    def test_same_seed_names_the_same_winner(self):
        path = self.gemm()
        first = self.tune("a100", path, "--top", 3, "--seed", 7)["results"][0]
        again = self.tune("a100", path, "--top", 3, "--seed", 7)["results"][0]
        self.assertEqual(first["best"], again["best"])

    def test_a_suite_prints_a_weighted_total(self):
        path = self.write("two.yaml", """name: two
dims: {m: [64, 128], n: 64, k: 64}
inputs: {A: "f32[m,k]", B: "f32[k,n]"}
outputs: {C: "f32[m,n]"}
compute: ["C[m,n] = sum[k](A[m,k] * B[k,n])"]
""")
        result = self.expect(self.run_perftune("tune", path, "--gpu", "a100", "--top", 1), 0)
        self.assertIn("weighted total", result.stdout)

    def test_no_progress_bar_off_a_terminal(self):
        result = self.run_perftune("tune", self.gemm(), "--gpu", "a100", "--top", 1)
        self.assertNotIn("\r", result.stderr)

    def test_budget_ends_early_with_partial_results(self):
        result = self.run_perftune("tune", self.gemm(m=2048, n=2048), "--gpu", "a100", "--top", 200,
                                   "--budget", "1500ms", "--json")
        document = self.json(result, 6)
        self.assertLess(document["results"][0]["counts"]["verified"], 200)


class Interrupted(PerftuneTest):
    def test_ctrl_c_keeps_what_finished_and_resume_goes_on(self):
        path = self.gemm(m=1024, n=1024, k=1024, dtype="f16")
        command = [PERFTUNE, "tune", str(path), "--gpu", "a100", "--top", "40", "--json"]
        child = subprocess.Popen(command, cwd=self.home, env=self.environment(), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.wait_for_rows(2)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 130, err)
        self.assertIn("--resume", err)
        kept = self.rows()
        self.assertGreaterEqual(kept, 2)

        document = self.json(self.run_perftune("tune", path, "--gpu", "a100", "--top", kept, "--resume",
                                               "--json"))
        (result,) = document["results"]
        self.assertTrue(result["resumed"])
        self.assertGreaterEqual(result["counts"]["verified"], 1)
        self.assertEqual(self.rows(), self.rows("DISTINCT build"), "what was known was tried again")

    def rows(self, what="*"):
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True) as store:
            return store.execute(
                f"SELECT count({what}) FROM measurements WHERE outcome = 'pending'").fetchone()[0]

    def wait_for_rows(self, wanted):
        give_up = time.monotonic() + 120
        while time.monotonic() < give_up:
            try:
                if self.store.exists() and self.rows() >= wanted:
                    return
            except sqlite3.OperationalError:
                pass  # being created
            time.sleep(0.05)
        self.fail("the tune recorded nothing in two minutes")


class Cpu(PerftuneTest):
    def test_a_range_gives_a_dispatch_table_with_regret(self):
        document = self.json(self.run_perftune("tune", self.write("range.yaml", RANGE), "--cpu", "--top", 2, "--json"))
        self.assertEqual(len(document["results"]), 2)
        (table,) = document["dispatch"]
        self.assertEqual((table["dim"], table["others"], table["points"]), ("m", {"n": 32, "k": 32}, 2))
        self.assertEqual(table["basis"], "measured")
        entries = table["entries"]
        self.assertEqual((entries[0]["low"], entries[-1]["high"]), (1, 96))
        for before, after in zip(entries, entries[1:]):
            self.assertEqual(before["high"] + 1, after["low"])
        (probe,) = table["probes"]
        self.assertTrue(8 < probe["extent"] < 64)
        self.assertGreaterEqual(probe["regret"], 0)
        with sqlite3.connect(self.store) as store:
            kept = store.execute("SELECT low, high FROM ranges ORDER BY low").fetchall()
        self.assertEqual(kept, [(e["low"], e["high"]) for e in entries])

    def test_explain_tells_what_was_measured_and_of_a_better_one(self):
        path = self.gemm()
        (untuned,) = self.json(self.run_perftune("explain", path, "--cpu", "--json"))["results"]
        self.assertIsNone(untuned["measured_us"])
        self.assertIsNone(untuned["winner"])
        (result,) = self.json(self.run_perftune("tune", path, "--cpu", "--top", 3, "--fast", "--json"))["results"]
        for candidate in result["candidates"]:
            kernel = candidate["kernel"]
            (explained,) = self.json(self.run_perftune("explain", kernel, "--json"))["results"]
            self.assertEqual(explained["measured_us"], candidate["measured_us"])
            self.assertEqual(explained["winner"], result["best"])
            text = self.expect(self.run_perftune("explain", kernel), 0).stdout
            self.assertNotIn("not measured", text)
            self.assertIn("\nmeasured   ", text)
            self.assertEqual("\nwinner     another: " + result["best"] in text, kernel != result["best"])
        (explained,) = self.json(self.run_perftune("explain", path, "--cpu", "--json"))["results"]
        self.assertIsNotNone(explained["measured_us"])  # the best prediction is always among the measured

    def test_winner_is_measured_and_its_time_confirmed(self):
        document = self.json(self.run_perftune("tune", self.gemm(m=64, n=64, k=64), "--cpu", "--top", 4, "--json"))
        (result,) = document["results"]
        self.assertEqual(result["mode"], "measured")
        self.assertEqual(result["best_basis"], "measured")
        (best,) = [c for c in result["candidates"] if c["kernel"] == result["best"]]
        self.assertEqual(best["verified_by"], "device")
        self.assertIn(best["outcome"], ("timed", "noisy"))
        self.assertEqual(best["measured_us"], result["best_us"])
        self.assertGreater(best["samples"], 0)
        with sqlite3.connect(self.store) as store:
            phases = {row[0] for row in store.execute("SELECT DISTINCT phase FROM measurements")}
        self.assertEqual(phases, {"screening", "confirmation"})


class ForEnergy(PerftuneTest):
    """A powercap folder of the test's own, whose counter goes on at 50 W."""

    def count(self, package, ended):
        while not ended.wait(0.002):
            (package / "next").write_text(f"{int(time.monotonic() * 50e6) % 10**9}\n")
            (package / "next").rename(package / "energy_uj")

    def test_the_processors_counter_decides(self):
        package = self.home / "intel-rapl:0"
        package.mkdir()
        for file, text in (("name", "package-0\n"), ("max_energy_range_uj", "1000000000\n"), ("energy_uj", "0\n")):
            (package / file).write_text(text)
        ended = threading.Event()
        counting = threading.Thread(target=self.count, args=(package, ended))
        counting.start()
        try:
            (result,) = self.json(self.run_perftune("tune", self.gemm(64, 48, 40), "--cpu", "--top", 2, "--fast", "--objective", "energy",
                                                    "--json", PERFTUNE_POWERCAP=str(self.home)))["results"]
        finally:
            ended.set()
            counting.join()
        self.assertEqual(result["objective"], "energy")
        taken = {c["kernel"]: c["energy_j"] for c in result["candidates"] if c["energy_j"]}
        self.assertIn(result["best"], taken)
        self.assertGreater(min(taken.values()), 0)
        self.assertIn("winner (measured)", self.json(self.run_perftune("run", self.gemm(64, 48, 40), "--cpu", "--json"))["chosen"])
