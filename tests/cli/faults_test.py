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


class NothingToMeasure(PerftuneTest):
    def test_pending_without_the_device_waits_on(self):
        self.expect(self.run_perftune("tune", self.gemm(), "--gpu", "v100"), 0)
        self.expect_error(self.run_perftune("measure", "--pending", "--gpu", "a100"), 3, "a100")

    def test_measure_wants_to_know_what(self):
        self.expect_error(self.run_perftune("measure"), 2, "--pending")
