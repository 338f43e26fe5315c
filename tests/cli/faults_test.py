"""Missing tools and broken stores: the documented exit code, one line, nothing lost."""

import os
import pathlib
import sqlite3

from harness import PerftuneTest


class MissingTools(PerftuneTest):
    def test_no_nvrtc(self):
        self.expect_error(
            self.run_perftune("tune", self.gemm(), "--gpu", "a100", PERFTUNE_CUDA=str(self.home / "nothing")),
            3, "NVRTC", "nothing")

    def test_predict_needs_no_nvrtc(self):
        self.expect(self.run_perftune("predict", self.gemm(), "--gpu", "a100",
                                      PERFTUNE_CUDA=str(self.home / "nothing")), 0)

    def test_no_host_compiler(self):
        self.expect_error(self.run_perftune("tune", self.gemm(), "--cpu", PATH=str(self.home)), 3, "g++")


class BrokenStores(PerftuneTest):
    def expect_untouched(self, *fragments):
        before = self.store.read_bytes()
        self.expect_error(self.run_perftune("tune", self.gemm(), "--gpu", "a100", "--top", 1), 5,
                          str(self.store), *fragments)
        self.assertEqual(self.store.read_bytes(), before)
        self.assertEqual([p.name for p in self.home.glob("store.db*")], ["store.db"])

    def make_store(self):
        self.expect(self.run_perftune("tune", self.gemm(), "--gpu", "v100"), 0)

    def test_not_a_database(self):
        self.store.write_text("this is no database " * 100)
        self.expect_untouched()

    def test_truncated(self):
        self.make_store()
        self.store.write_bytes(self.store.read_bytes()[:5000])
        self.expect_untouched()

    def test_from_a_newer_version(self):
        self.make_store()
        with sqlite3.connect(self.store) as store:
            store.execute("PRAGMA user_version = 999")
        store.close()
        self.expect_untouched("newer")

    def test_read_only(self):
        self.make_store()
        if os.geteuid() == 0:
            self.skipTest("root may write to read-only files")
        self.store.chmod(0o444)
        self.home.chmod(0o555)
        self.addCleanup(self.home.chmod, 0o755)
        self.expect_untouched()

    def test_a_folder_in_its_place(self):
        self.store.mkdir()
        self.expect_error(self.run_perftune("tune", self.gemm(), "--gpu", "v100"), 5, str(self.store))

    def test_info_and_verify_of_a_sound_store(self):
        self.make_store()
        self.assertEqual(self.json(self.run_perftune("db", "info", "--json"))["rows"]["hardware"], 1)
        self.assertTrue(self.json(self.run_perftune("db", "verify", "--json"))["sound"])

    def test_info_of_a_missing_store(self):
        self.expect_error(self.run_perftune("db", "info"), 5, str(self.store))


class FailingCandidates(PerftuneTest):
    """A host compiler that goes wrong in between: each candidate costs itself alone."""

    def compiler(self, body):
        """A g++ that runs `body` for each kernel; $count says how many it saw before."""
        path = self.write("failing-g++", f"""#!/bin/sh
case "$*" in *-shared*) ;; *) exec g++ "$@" ;; esac
(flock 9; count=$(cat {self.home}/count 2>/dev/null || echo 0); echo $((count + 1)) > {self.home}/count
 exit $count) 9> {self.home}/lock
count=$?
{body}
exec g++ "$@"
""")
        path.chmod(0o755)
        return str(path)

    def tune(self, body):
        return self.run_perftune("tune", self.gemm(64, 64, 64), "--cpu", "--top", 3, "--json",
                                 CXX=self.compiler(body))

    def test_every_candidate_fails_to_compile(self):
        result = self.tune("echo 'kernel.cpp:1:1: error: injected' >&2; exit 1")
        report = self.json(result, 4)["results"][0]
        self.assertIsNone(report["best"])
        self.assertGreater(report["counts"]["failed"], 3)
        self.assertEqual({c["outcome"] for c in report["candidates"]}, {"compile_failed"})
        self.assertIn("compile_failed", result.stderr)

    def test_one_does_not_compile(self):
        report = self.json(self.tune("[ $count = 0 ] && exit 1"))["results"][0]
        outcomes = [c["outcome"] for c in report["candidates"]]
        self.assertEqual(outcomes.count("compile_failed"), 1)
        self.assertGreaterEqual(outcomes.count("timed") + outcomes.count("noisy"), 3)

    def test_one_compiler_takes_more_memory_than_it_may(self):
        report = self.json(self.tune(
            "[ $count = 0 ] && { python3 -c 'bytearray(5 << 30)' || { echo 'k.cpp:1:1: error: out of memory' >&2; exit 1; }; }"))["results"][0]
        failed = [c for c in report["candidates"] if c["outcome"] == "compile_failed"]
        self.assertEqual(len(failed), 1)
        self.assertIn("out of memory", failed[0]["detail"])
        self.assertIsNotNone(report["best"])

    def test_one_crashes(self):
        self.write("crash.h", "__attribute__((constructor, used)) static void crash() { __builtin_trap(); }\n")
        report = self.json(self.tune(f'[ $count = 1 ] && exec g++ -include {self.home}/crash.h "$@"'))["results"][0]
        outcomes = [c["outcome"] for c in report["candidates"]]
        self.assertEqual(outcomes.count("crashed"), 1)
        self.assertIsNotNone(report["best"])


    def test_run_goes_on_with_the_next_prediction(self):
        result = self.run_perftune("run", self.gemm(64, 64, 64), "--cpu", "--json", CXX=self.compiler("[ $count = 0 ] && exit 1"))
        document = self.json(result)
        self.assertIn("best prediction that runs", document["chosen"])
        self.assertIn("compile_failed", result.stderr)
        self.assertTrue(document["verified"])
        document = self.run_perftune("run", self.gemm(64, 64, 64), "--cpu", "--json", CXX=self.compiler("exit 1"), PERFTUNE_DB=str(self.home / "none.db"))
        self.expect(document, 4)


class NothingToMeasure(PerftuneTest):
    def test_pending_without_the_device_waits_on(self):
        self.expect(self.run_perftune("tune", self.gemm(), "--gpu", "v100"), 0)
        self.expect_error(self.run_perftune("measure", "--pending", "--gpu", "a100"), 3, "a100")

    def test_measure_wants_to_know_what(self):
        self.expect_error(self.run_perftune("measure"), 2, "--pending")
