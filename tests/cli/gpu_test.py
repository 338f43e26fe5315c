"""Whole commands on a GPU that is not there: the fake driver, CUPTI, NVML and NVRTC of tests/fake_cuda."""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys

import numpy as np

from harness import PERFTUNE, PerftuneTest

FAKE = pathlib.Path(os.environ["PERFTUNE_FAKE_CUDA"])

DEVICE = {"name": "NVIDIA A100-SXM4-80GB", "compute_capability": 80, "sms": 108, "total_gib": 80,
          "memory_bytes": 512 << 20, "shared_bytes_optin": 166912, "clock_khz": 1410000, "l2_bytes": 40 << 20,
          "devices": 1}


class FakeGpuTest(PerftuneTest):
    def setUp(self):
        super().setUp()
        self.folder = self.home / "gpu"
        self.folder.mkdir()
        for name in ("libcuda.so.1", "libcupti.so.13", "libnvidia-ml.so.1"):
            (self.folder / name).symlink_to((FAKE / "libcuda.so.1").resolve())
        (self.folder / "libnvrtc.so.13").symlink_to(FAKE.parent / "lib_nvrtc" / "libnvrtc.so.13")
        self.device()

    def device(self, **changes):
        lines = [f"{key} {value}" for key, value in {**DEVICE, **changes}.items()]
        (self.folder / "device").write_text("\n".join(lines) + "\n")

    def on_gpu(self, *arguments):
        return self.run_perftune(*arguments, PERFTUNE_DRIVER=str(self.folder), PERFTUNE_CUDA=str(self.folder))


class OnAGpu(FakeGpuTest):
    def tune(self, *more, code=0):
        result = self.on_gpu("tune", self.gemm(64, 64, 32), "--gpu", "local", "--top", 2, "--fast", "--json", *more)
        return self.json(result, code)["results"][0]

    def rows(self, sql):
        with sqlite3.connect(self.store) as store:
            found = store.execute(sql).fetchall()
        store.close()
        return found

    def test_a_tune_is_measured_and_says_how(self):
        result = self.tune()
        self.assertEqual(result["mode"], "measured")
        self.assertEqual(result["best_basis"], "measured")
        timed = [c for c in result["candidates"] if c["measured_us"]]
        self.assertGreaterEqual(len(timed), 2)
        self.assertEqual({c["verified_by"] for c in timed}, {"device"})
        conditions = self.rows("SELECT clock, launch_us, sm_mhz_after, power_w_after, reasons_after, throttled FROM conditions")
        self.assertTrue(conditions)
        for clock, launch_us, mhz, watts, reasons, throttled in conditions:
            self.assertEqual((clock, mhz, watts, reasons, throttled), ("cupti", 1410.0, 250.5, "idle", 0))
            self.assertGreater(launch_us, 0)
        self.assertIn("timer=cupti", self.rows("SELECT policy FROM policies")[0][0])
        self.assertEqual(self.rows("SELECT DISTINCT driver FROM provenances"), [("580.00.00-fake",)])

    def test_caches_are_cold_warm_or_rotating_and_the_policy_says_so(self):
        self.device(name="Tesla T4", compute_capability=75, sms=40, total_gib=16, shared_bytes_optin=65536)
        for how, detail in (("warm", ""), ("cold", ""), ("rotating", "rotating over")):
            self.tune("--cache", how)
            policies = self.rows("SELECT policy FROM policies ORDER BY id DESC LIMIT 1")
            self.assertIn(f"cache={how} ", policies[0][0])
            details = self.rows("SELECT detail FROM measurements WHERE median_us IS NOT NULL AND phase = 'screening' ORDER BY id DESC LIMIT 1")
            self.assertIn(detail, details[0][0])

    def test_a_cpu_s_buffers_do_not_rotate(self):
        self.expect_error(self.run_perftune("tune", self.gemm(64, 64, 32), "--cpu", "--cache", "rotating"), 2, "rotating")

    def test_a_refused_profiler_leaves_events(self):
        self.device(cupti="refused")
        result = self.on_gpu("tune", self.gemm(64, 64, 32), "--gpu", "local", "--top", 1, "--fast")
        self.expect(result, 0)
        self.assertIn("CUPTI_ERROR_INSUFFICIENT_PRIVILEGES", result.stderr)
        self.assertEqual(self.rows("SELECT DISTINCT clock FROM conditions"), [("event",)])

    def test_a_lost_device_ends_the_run_and_keeps_what_is_done(self):
        self.device(lost_at_module=10)  # not a launch: how many a measurement takes is up to the clock
        result = self.on_gpu("tune", self.gemm(64, 64, 32), "--gpu", "local", "--top", 20, "--json")
        self.expect_error(result, 3, "CUDA_ERROR_UNKNOWN")
        self.assertEqual(self.rows("SELECT state FROM runs"), [("failed",)])
        self.assertGreaterEqual(self.rows("SELECT count(*) FROM measurements")[0][0], 1)

    def test_every_candidate_failing_is_exit_4_with_a_histogram(self):
        self.device(broken_after=0)
        result = self.on_gpu("tune", self.gemm(64, 64, 32), "--gpu", "local", "--top", 2, "--json")
        report = self.json(result, 4)["results"][0]
        self.assertIsNone(report["best"])
        self.assertEqual({c["outcome"] for c in report["candidates"]}, {"crashed"})
        self.assertRegex(result.stderr, r"every candidate failed: crashed \d+")

    def test_every_pending_candidate_failing_is_exit_4_too(self):
        self.expect(self.run_perftune("tune", self.gemm(64, 64, 32), "--gpu", "a100", "--top", 2, PERFTUNE_CUDA=str(self.folder)), 0)
        self.device(broken_after=0)
        result = self.on_gpu("measure", "--pending", "--json")
        self.assertIsNone(self.json(result, 4)["results"][0]["best"])
        self.assertRegex(result.stderr, r"every candidate failed: crashed \d+")

    def test_throttling_throughout_is_labelled(self):
        self.device(throttled_reads=-1)
        result = self.tune()
        self.assertIsNotNone(result["best"])
        self.assertEqual(self.rows("SELECT DISTINCT throttled FROM conditions"), [(1,)])
        self.assertIn("throttled throughout (sw_power_cap+hw_thermal, 900 MHz)",
                      self.rows("SELECT detail FROM measurements WHERE median_us IS NOT NULL")[0][0])

    def test_what_waits_is_measured_where_the_device_is(self):
        offline = self.run_perftune("tune", self.gemm(64, 64, 32), "--gpu", "a100", "--top", 2, "--json",
                                    PERFTUNE_CUDA=str(self.folder))
        self.assertEqual(self.json(offline)["results"][0]["mode"], "offline")
        other = self.home / "elsewhere.db"
        self.store.rename(other)
        self.expect(self.run_perftune("db", "merge", other), 0)
        document = self.json(self.on_gpu("measure", "--pending", "--json"))
        self.assertEqual(document["results"][0]["best_basis"], "measured")
        again = self.expect(self.on_gpu("measure", "--pending"), 0)
        self.assertIn("nothing is pending", again.stderr)

    def test_run_launches_the_winner_there_and_writes_its_output(self):
        tuned = self.tune()
        winner, = (c for c in tuned["candidates"] if c["kernel"] == tuned["best"])
        rng = np.random.default_rng(2)
        a, b = rng.standard_normal((64, 32)).astype(np.float32), rng.standard_normal((32, 64)).astype(np.float32)
        np.save(self.home / "a.npy", a)
        np.save(self.home / "b.npy", b)
        result = self.on_gpu("run", self.gemm(64, 64, 32), "--gpu", "local", "--input", "A=a.npy", "--input", "B=b.npy",
                             "--output", "C=c.npy", "--json")
        document = self.json(result)
        self.assertIn("winner (measured)", document["chosen"])
        self.assertGreater(document["measured_us"], 0)
        self.assertEqual(document["program"], winner["program"])
        np.testing.assert_allclose(np.load(self.home / "c.npy"), a @ b, rtol=1e-4, atol=1e-4)

    def test_run_of_several_kernels(self):
        path = self.write("attention.yaml", """\
name: attention
dims: {s: 24, d: 16}
inputs: {q: "f32[s,d]", k: "f32[s,d]", v: "f32[s,d]"}
outputs: {out: "f32[s,d]"}
compute:
  - score[i,j] = sum[l](q[i,l] * k[j,l])
  - top[i] = max[j](score[i,j])
  - e[i,j] = exp(score[i,j] - top[i])
  - total[i] = sum[j](e[i,j])
  - out[i,l] = sum[j](e[i,j] * v[j,l]) / total[i]
""")
        document = self.json(self.on_gpu("run", path, "--gpu", "local", "--json"))
        self.assertGreater(len(document["kernels"]), 1)
        self.assertTrue(document["verified"])
        self.assertIn("best prediction", document["chosen"])

    def test_another_gpu_s_name_is_offline(self):
        result = self.on_gpu("tune", self.gemm(64, 64, 32), "--gpu", "t4", "--top", 1)
        self.expect(result, 0)
        self.assertIn("offline", result.stdout)

    def test_counters_of_a_kernel_are_kept(self):
        kernel = self.tune()["best"]
        document = self.json(self.on_gpu("profile", kernel, "--json"))
        self.assertEqual((document["kernel"], document["chip"], document["refused"]), (kernel, "GA100", None))
        self.assertIn("dram_read_bytes", {c["metric"] for c in document["counters"]})
        self.assertEqual(len(self.rows("SELECT metric FROM counters")), len(document["counters"]))
        other = self.home / "other.db"
        self.expect(self.run_perftune("db", "merge", self.store, "--db", other), 0)
        with sqlite3.connect(other) as merged:
            self.assertEqual(merged.execute("SELECT count(*) FROM counters").fetchone()[0], len(document["counters"]))
            self.assertEqual(merged.execute("SELECT count(*) FROM conditions").fetchone(),
                             self.rows("SELECT count(*) FROM conditions")[0])
        merged.close()
        self.device(counters="refused")
        refused = self.expect(self.on_gpu("profile", kernel), 0)
        self.assertIn("NVreg_RestrictProfilingToAdminUsers", refused.stderr)
        self.assertEqual(refused.stdout, "")

    def test_counters_need_the_device(self):
        kernel = self.tune()["best"]
        self.expect_error(self.run_perftune("profile", kernel), 3, "a100", "no such GPU here")

    def test_ceilings_are_measured_and_used(self):
        self.device(name="Tesla T4", compute_capability=75, sms=40, total_gib=16, memory_bytes=600 << 10)
        before = self.json(self.run_perftune("hardware", "show", "t4", "--json"))["measured"]
        cache = str(self.home / "cache")
        done = self.run_perftune("hardware", "calibrate", "--gpu", "local", "--seconds-per-value", 0.0001, "--json",
                                 PERFTUNE_DRIVER=str(self.folder), PERFTUNE_CUDA=str(self.folder), XDG_CACHE_HOME=cache)
        measured = self.json(done)["measured"]
        for key in ("dram_gbps", "dram_copy_gbps", "shared_gbps", "fma_f32_tflops", "fma_f64_tflops",
                    "tensor_f16_tflops", "tensor_i8_tflops", "launch_us_stream", "launch_us_graph", "sustained_tensor_mhz"):
            self.assertGreater(measured[key]["value"], 0, key)
            self.assertIn("perftune calibration 20", measured[key]["source"])
        after = self.json(self.run_perftune("hardware", "show", "t4", "--json", XDG_CACHE_HOME=cache))["measured"]
        self.assertEqual(after["dram_gbps"], measured["dram_gbps"])
        self.assertNotEqual(after["dram_gbps"], before.get("dram_gbps"))

    def test_bench_without_the_vendor_s_library_says_so(self):
        self.tune()
        done = self.on_gpu("bench", self.gemm(64, 64, 32), "--gpu", "local", "--json")
        (row,) = self.json(done)["results"]
        self.assertEqual(row["baselines"], [])
        self.assertGreater(row["us"], 0)
        self.assertIn("cuBLASLt", row["missing"][0])


class ForEnergy(FakeGpuTest):
    def tune(self):
        return self.on_gpu("tune", self.gemm(64, 64, 32), "--gpu", "local", "--top", 2, "--fast", "--objective", "energy", "--json")

    def test_the_board_s_counter_decides(self):
        (result,) = self.json(self.tune())["results"]
        self.assertEqual(result["objective"], "energy")
        taken = {c["kernel"]: c["energy_j"] for c in result["candidates"] if c["energy_j"]}
        self.assertGreaterEqual(len(taken), 2)
        self.assertIn(result["best"], taken)
        self.assertLessEqual(taken[result["best"]], 1.02 * min(taken.values()))
        (row,) = self.json(self.on_gpu("query", "--columns", "kernel,policy,measured_us", "--format", "json"))["rows"]
        self.assertEqual(row["kernel"], result["best"])
        self.assertTrue(row["policy"].endswith("objective=energy"))

    def test_without_a_counter_it_says_so(self):
        self.device(energy="none")
        self.expect_error(self.tune(), 3, "--objective energy", "NVML does not tell this GPU's energy (error 3)")
        (self.folder / "libnvidia-ml.so.1").unlink()
        result = self.tune()
        self.expect(result, 3)
        self.assertIn("--objective energy: NVML", result.stderr.splitlines()[-1])


class AgainstLibraries(FakeGpuTest):
    """cuBLASLt and cuDNN are fakes, too: they compute on the host, and say they took as long as the test wants."""

    CONV = "op: conv2d\ndims: {n: 1, c: 8, h: 8, w: 8, f: 16, r: 3, s: 3}\ndtype: f32\nlayout: nhwc\nepilogue: [bias, relu]\n"

    def setUp(self):
        super().setUp()
        for name in ("libcublasLt.so.13", "libcudnn.so.9"):
            (self.folder / name).symlink_to((FAKE / "libcuda.so.1").resolve())

    def on_gpu(self, *arguments, **environment):
        """The loader finds cuBLASLt by its name, as where CUDA is installed."""
        return self.run_perftune(*arguments, PERFTUNE_DRIVER=str(self.folder), PERFTUNE_CUDA=str(self.folder),
                                 LD_LIBRARY_PATH=str(self.folder), **environment)

    def bench(self, file, **device):
        self.device(**device)
        (row,) = self.json(self.on_gpu("bench", file, "--gpu", "local", "--json"))["results"]
        return row

    def tune(self, file, **device):
        self.device(**device)
        return self.json(self.on_gpu("tune", file, "--gpu", "local", "--top", 1, "--fast", "--allow-vendor", "--json"))["results"][0]

    def test_the_best_right_algorithm_of_the_list_is_the_baseline(self):
        row = self.bench(self.gemm(64, 48, 32))
        (baseline,) = row["baselines"]
        self.assertEqual(baseline["name"], "cuBLASLt")
        self.assertIn("cuBLASLt 13.1.0, algorithm 4 of 4", baseline["detail"])  # refuses, wrong, ten seconds, this one
        self.assertLessEqual(baseline["ratio_low"], baseline["ratio"])
        self.assertLessEqual(baseline["ratio"], baseline["ratio_high"])
        self.assertIn("no convolution", " ".join(row["missing"]))

    def test_verdicts_of_a_quick_and_of_a_slow_library(self):
        file = self.gemm(64, 48, 32)
        self.assertEqual(self.bench(file, cublas="quick")["baselines"][0]["verdict"], "SLOWER")
        self.assertEqual(self.bench(file, cublas="slow")["baselines"][0]["verdict"], "FASTER")

    def test_a_convolution_is_compared_with_cudnn(self):
        row = self.bench(self.write("conv.yaml", self.CONV))
        (baseline,) = row["baselines"]
        self.assertEqual(baseline["name"], "cuDNN")
        self.assertIn("cuDNN 9.1.0, forward algorithm 1 (4 of 4)", baseline["detail"])

    def test_a_library_that_is_wrong_is_no_baseline(self):
        row = self.bench(self.gemm(64, 48, 32), cublas="wrong")
        self.assertEqual(row["baselines"], [])
        self.assertGreater(row["us"], 0)
        self.assertIn("no algorithm of its list gives the right result (C[", " ".join(row["missing"]))

    def test_a_library_that_breaks_the_context_is_told_from_the_kernel(self):
        row = self.bench(self.gemm(64, 48, 32), cublas="faults")
        self.assertIn("crashed: cuBLASLt broke the context", row["failure"])
        self.assertEqual(row["baselines"], [])

    def test_allow_vendor_lets_a_faster_library_win(self):
        result = self.tune(self.gemm(64, 48, 32), cublas="quick")
        (library,) = [c for c in result["candidates"] if c["target"] == "vendor/cublaslt"]
        self.assertEqual(result["best"], library["kernel"])
        self.assertEqual((library["outcome"], library["verified_by"], library["predicted_us"]), ("timed", "device", None))
        self.assertIn("version=130100", library["program"])
        self.assertEqual(result["best_us"], 1.0)
        self.assertEqual([b["name"] for b in result["baselines"]], ["cuBLASLt"])
        result = self.tune(self.write("conv.yaml", self.CONV), cudnn="quick")
        self.assertEqual(result["best"], "vendor/cuDNN")

    def test_a_library_s_winner_is_kept_shown_and_run(self):
        file = self.write("up.yaml", "op: linear\ndims: {m: 48, n: 40, k: 32}\ndtype: f16\nepilogue: [bias, relu]\n")
        result = self.tune(file, cublas="quick")
        (row,) = self.json(self.on_gpu("query", "--format", "json"))["rows"]
        self.assertEqual((row["target"], row["kernel"], row["basis"]), ("vendor/cublaslt", result["best"], "measured"))
        self.expect(self.on_gpu("db", "verify"), 0)
        self.assertIn("a routine of cuBLASLt 13.1.0", self.expect(self.on_gpu("explain", result["best"]), 0).stdout)
        document = self.json(self.on_gpu("run", file, "--gpu", "local", "--json"))
        self.assertTrue(document["verified"])
        self.assertIn("vendor/cublaslt", document["program"])
        self.assertEqual(document["compiled"], 0)
        self.device(cublas="old")
        document = self.json(self.on_gpu("run", file, "--gpu", "local", "--json"))
        self.assertTrue(document["verified"])
        self.assertIn("cuda/", document["program"])
        self.assertIn("cuBLASLt is 10.2.0 here, 13.1.0 is what was measured", document["chosen"])
        (self.folder / "libcublasLt.so.13").unlink()
        self.assertIn("cuBLASLt is not here", self.json(self.on_gpu("run", file, "--gpu", "local", "--json"))["chosen"])

    def test_allow_vendor_keeps_a_faster_kernel(self):
        result = self.tune(self.gemm(64, 48, 32), cublas="slow")
        self.assertIn(result["best"], {c["kernel"] for c in result["candidates"]})
        self.assertEqual(result["baselines"], [{"name": "cuBLASLt", "us": 1e7}])


class GpuCheck(FakeGpuTest):
    """scripts/gpu_check from end to end. Emulated kernels are slow: how many come out is no matter here."""

    def gpu_check(self, *arguments, perftune=PERFTUNE, **environment):
        script = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "gpu_check"
        return subprocess.run([sys.executable, str(script), str(self.home / "out"), "--perftune", perftune, *arguments],
                              capture_output=True, text=True, cwd=self.home, timeout=500, check=False,
                              env=self.environment(**environment))

    def test_every_stage_runs_and_writes_as_it_goes(self):
        for name in ("libcublasLt.so.13", "libcudnn.so.9"):
            (self.folder / name).symlink_to((FAKE / "libcuda.so.1").resolve())
        done = self.gpu_check("--budget", "40", "--stages", "verify,suites,libraries,counters,repeats,data",
                              PERFTUNE_DRIVER=str(self.folder), PERFTUNE_CUDA=str(self.folder))
        self.assertIn(done.returncode, (0, 1), done.stderr)
        out = self.home / "out"
        facts = json.loads((out / "facts.json").read_text())
        self.assertEqual(facts["gpu"], "a100-sxm-80gb")
        for stage in ("verify", "suites", "libraries", "counters", "repeats", "data"):
            self.assertIn(f"{stage}_seconds", facts)
        self.assertEqual(done.stdout, (out / "summary.txt").read_text())
        self.assertIn("kernels right / run on the device", done.stdout)
        if facts.get("data_rows"):
            kept = self.run_perftune("model", "rows", "--from", out / "rows.csv.gz")
            self.assertEqual(len(self.expect(kept, 0).stdout.splitlines()), facts["data_rows"] + 1)

    def test_a_command_that_hangs_is_stopped_at_its_stage_s_end(self):
        stub = self.write("stub", """#!/bin/sh
case "$*" in
  --version) echo stub ;;
  *detect*) echo '{"name": "stub", "arch": "sm_80"}' ;;
  *) trap '' INT; sleep 1000 ;;
esac
""")
        stub.chmod(0o755)
        done = self.gpu_check("--budget", "8", perftune=stub)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("stopped at its deadline", (self.home / "out" / "log.txt").read_text())
        self.assertIn("FAILED", done.stdout)

    def test_without_a_gpu(self):
        done = self.gpu_check("--budget", "30")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("no GPU", done.stderr)


class WithoutAGpu(PerftuneTest):
    def test_metrics_of_a_chip_that_is_not_here(self):
        result = self.run_perftune("profile", "--list", "--gpu", "h100", "--json")
        if result.returncode == 3:
            self.skipTest(result.stderr)
        document = self.json(result)
        self.assertEqual((document["schema"], document["chip"]), ("perftune.metrics/1", "GH100"))
        names = {metric["name"] for metric in document["metrics"]}
        self.assertGreater(len(names), 1000)
        self.assertIn("dram__bytes_read", names)
        self.assertEqual(document["collected"]["dram_read_bytes"], "dram__bytes_read.sum")

    def test_metrics_without_cupti(self):
        self.expect_error(self.run_perftune("profile", "--list", "--gpu", "h100", PERFTUNE_CUDA=str(self.home)), 3, "CUPTI")

    def test_calibration_without_the_gpu(self):
        self.expect_error(self.run_perftune("hardware", "calibrate", "--gpu", "h100"), 3, "h100", "no such GPU here")

    def test_bench_without_the_gpu(self):
        self.expect_error(self.run_perftune("bench", self.gemm(), "--gpu", "h100"), 3, "h100")


class OnTheCpu(PerftuneTest):
    def bench(self, *more):
        return self.json(self.run_perftune("bench", self.gemm(96, 64, 80), "--cpu", "--json", *more))

    def test_a_winner_against_the_libraries(self):
        self.expect(self.run_perftune("tune", self.gemm(96, 64, 80), "--cpu", "--top", 2), 0)
        document = self.bench()
        self.assertEqual(document["schema"], "perftune.bench/1")
        (row,) = document["results"]
        self.assertEqual(row["basis"], "measured")
        if not row["baselines"]:
            self.skipTest("; ".join(row["missing"]))
        for baseline in row["baselines"]:
            self.assertIn(baseline["name"], ("oneDNN", "OpenBLAS"))
            self.assertIn(baseline["verdict"], ("FASTER", "SAME", "SLOWER", "AMBIGUOUS"))
            self.assertLessEqual(baseline["ratio_low"], baseline["ratio"])
            self.assertLessEqual(baseline["ratio"], baseline["ratio_high"])
            self.assertGreater(baseline["us"], 0)
        self.assertGreater(document["geometric_mean"], 0)

    def test_what_no_library_takes_is_said(self):
        path = self.write("softmax.yaml", "op: softmax\ndims: {m: 64, n: 64}\n")
        (row,) = self.json(self.run_perftune("bench", path, "--cpu", "--json"))["results"]
        self.assertEqual(row["baselines"], [])
        self.assertIn("no matrix product", row["missing"][0])

    def test_allow_vendor_reports_baselines(self):
        result = self.json(self.run_perftune("tune", self.gemm(96, 64, 80), "--cpu", "--top", 2, "--allow-vendor", "--json"))["results"][0]
        if not result["baselines"]:
            self.skipTest("no vendor library here")
        kernels = {candidate["kernel"] for candidate in result["candidates"]}
        names = {baseline["name"] for baseline in result["baselines"]}
        self.assertTrue(result["best"] in kernels or result["best"].removeprefix("vendor/") in names)
