"""query and db: winners and history, merging, pruning, and results of other tools."""

import csv
import gzip
import io
import json
import math
import re
import resource
import sqlite3
import subprocess
import time

from harness import PERFTUNE, PerftuneTest

CACHE = {
    "schema_version": "1.1.0", "device_name": "Some GPU", "kernel_name": "Xgemm",
    "problem_size": [64, 32], "objective": "time", "tune_params_keys": ["MWG"],
    "tune_params": {"MWG": [16, 32, 64]},
    "cache": {
        str(mwg): {"MWG": mwg, "time": time, "compile_time": 1, "verification_time": 0,
                   "benchmark_time": 1, "strategy_time": 0, "framework_time": 0,
                   "timestamp": "2023-02-13 19:27:48+00:00"}
        for mwg, time in ((16, 2.0), (32, 1.5), (64, "InvalidConfig"))
    },
}


class Stored(PerftuneTest):
    def import_cache(self, name="cache.json", **changes):
        return self.expect(self.run_perftune("db", "import", self.write(name, json.dumps({**CACHE, **changes}))), 0)

    def query(self, *arguments):
        return self.json(self.run_perftune("query", *arguments, "--json"))["rows"]

    def test_a_missing_store_is_a_store_error(self):
        self.expect_error(self.run_perftune("query"), 5, "no such store")
        self.assertFalse(self.store.exists())

    def test_no_match_is_an_empty_table_and_a_hint(self):
        self.import_cache()
        result = self.expect(self.run_perftune("query", "operator=none"), 0)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        self.assertIn("nothing matches", result.stderr)
        self.assertEqual(self.query("x>=65"), [])

    def test_import_tells_valid_from_invalid_and_repeats_nothing(self):
        self.assertIn("3 configurations of Xgemm on Some GPU (2 valid, 1 invalid), 3 new", self.import_cache().stdout)
        self.assertIn("0 new", self.import_cache().stdout)

    def test_winners_history_and_columns(self):
        self.import_cache()
        (winner,) = self.query("operator=Xgemm", "x>=64", "--columns", "operator,dims,measured_us,status")
        self.assertEqual(winner, {"operator": "Xgemm", "dims": "x=64 y=32", "measured_us": 1500.0, "status": "timed"})
        self.assertEqual(len(self.query("--history")), 3)
        self.assertEqual(len(self.query("--history", "status=rejected")), 1)
        self.assertEqual([row["measured_us"] for row in self.query("--top", "2")], [1500.0, 2000.0])

    def test_an_export_of_two_shapes_says_what_tells_them_apart(self):
        for m in (64, 128):
            self.expect(self.run_perftune("tune", self.gemm(m, 64, 64), "--cpu", "--top", "1", "--fast"), 0)
        self.expect_error(self.run_perftune("db", "export", "--format", "t4"), 2, "'gemm k=64 m=128 n=64' and 'gemm k=64 m=64 n=64'", "a dimension")
        self.expect(self.run_perftune("db", "export", "--format", "t4", "m=64"), 0)

    def test_unknown_names_are_usage_errors(self):
        self.import_cache()
        self.expect_error(self.run_perftune("query", "speed>3"), 2, "speed", "--list-columns")
        self.expect_error(self.run_perftune("query", "--columns", "speed"), 2, "speed", "measured_us")
        self.expect(self.run_perftune("query", "--top", "2", "--history"), 2)

    def test_hostile_names_are_shown_and_never_executed(self):
        name = "x'; DROP TABLE winners; --\n<b>\x1b[31m,\"q\""
        self.import_cache(kernel_name=name)
        (row,) = self.query("--columns", "operator")
        self.assertEqual(row["operator"], name)
        self.assertNotIn("\x1b", self.expect(self.run_perftune("query"), 0).stdout)
        result = self.expect(self.run_perftune("query", "--format", "csv", "--columns", "operator"), 0)
        self.assertEqual(list(csv.reader(io.StringIO(result.stdout, newline="")))[1], [name])
        self.assertEqual(len(self.query(f"operator={name}")), 1)

    def test_export_round_trip_and_bundles_of_formats(self):
        self.import_cache()
        t4 = self.json(self.run_perftune("db", "export", "--format", "t4"))
        self.assertEqual(sorted(r["invalidity"] for r in t4["results"]), ["constraints", "correct", "correct"])
        out = self.home / "out.json"
        self.expect(self.run_perftune("db", "export", "--format", "kernel-tuner", "-o", out), 0)
        again = json.loads(out.read_text())
        self.assertEqual({k: v["time"] for k, v in again["cache"].items()}, {"16": 2.0, "32": 1.5, "64": "InvalidConfig"})
        rows = list(csv.DictReader(io.StringIO(self.expect(self.run_perftune("db", "export", "--format", "csv"), 0).stdout)))
        self.assertEqual(len(rows), 3)
        self.expect_error(self.run_perftune("db", "export", "operator=none"), 2, "nothing to export")

    def test_gzipped_files_and_wrong_ones(self):
        path = self.home / "cache.json.gz"
        path.write_bytes(gzip.compress(json.dumps(CACHE).encode()))
        self.expect(self.run_perftune("db", "import", path), 0)
        self.expect_error(self.run_perftune("db", "import", self.write("bad.json", "{}")), 2, "bad.json", "Kernel Tuner")
        self.expect_error(self.run_perftune("db", "import", "none.json"), 2, "none.json")

    def test_merge_is_idempotent(self):
        self.import_cache()
        other = self.home / "other.db"
        result = self.run_perftune("db", "merge", self.store, "--db", other, "--json")
        self.assertEqual(self.json(result)["merged"][0]["added"]["measurements"], 3)
        result = self.run_perftune("db", "merge", self.store, "--db", other, "--json")
        self.assertEqual(self.json(result)["merged"][0]["added"]["measurements"], 0)
        self.expect_error(self.run_perftune("db", "merge", self.home / "none.db"), 5, "none.db")

    def test_prune_keeps_the_winner(self):
        self.import_cache()
        self.expect_error(self.run_perftune("db", "prune"), 2, "--failures")
        dry = self.json(self.run_perftune("db", "prune", "--older-than", "1", "--dry-run", "--json"))
        self.assertEqual(dry["removed"]["measurements"], 2)
        self.assertEqual(len(self.query("--history")), 3)
        self.expect(self.run_perftune("db", "prune", "--older-than", "1", "--compact"), 0)
        self.assertEqual(len(self.query("--history")), 1)
        self.assertEqual(len(self.query()), 1)
        self.expect(self.run_perftune("db", "verify"), 0)

    def test_views_are_there_for_others(self):
        self.import_cache()
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True) as store:
            rows = store.execute("SELECT operator, dims, measured_us, basis FROM winner_rows").fetchall()
            count = store.execute("SELECT count(*) FROM measurement_rows WHERE outcome = 'timed'").fetchone()
        self.assertEqual(rows, [("Xgemm", '{"x":64,"y":32}', 1500.0, "measured")])
        self.assertEqual(count, (2,))

    def test_a_trigger_from_elsewhere_is_refused(self):
        self.import_cache()
        with sqlite3.connect(self.store) as store:
            store.execute("CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM measurements; END")
        before = self.store.read_bytes()
        self.expect_error(self.run_perftune("query"), 5, "unexpected trigger", "evil")
        self.assertEqual(self.store.read_bytes(), before)

    def test_hostile_names_in_every_form(self):
        name = "x'; DROP TABLE winners; --\n<script>alert(1)</script>|`*_&\"q\""
        self.import_cache(kernel_name=name)
        table = self.expect(self.run_perftune("query"), 0).stdout
        self.assertEqual(len(table.splitlines()), 2)  # a heading and one row: the newline is shown as \\n
        markdown = self.expect(self.run_perftune("query", "--format", "markdown"), 0).stdout
        self.assertEqual(len(markdown.splitlines()), 3)
        self.assertNotIn("<script>", markdown)
        self.assertIn("&lt;script&gt;", markdown)
        for condition, found in ((f"operator!={name}", 0), ("operator=*DROP*", 1), ("operator=x' OR 1=1 --", 0)):
            self.assertEqual(len(self.query(condition)), found)
        self.expect_error(self.run_perftune("query", "x' OR 1=1 --"), 2, "neither a column nor a dimension")
        self.expect_error(self.run_perftune("query", "--columns", "1); DROP TABLE winners"), 2, "no column")
        self.expect(self.run_perftune("db", "verify"), 0)

    def test_truncated_newer_and_foreign_stores(self):
        self.import_cache()
        whole = self.store.read_bytes()
        for size, words in ((len(whole) // 2, "damaged"), (len(whole) - 4096, "damaged"), (50, "not a perftune store"), (0, "empty file")):
            with self.subTest(size=size):
                self.store.write_bytes(whole[:size])
                self.expect_error(self.run_perftune("query"), 5, words)
                self.assertEqual(self.store.read_bytes(), whole[:size])
        self.store.write_bytes(whole)
        with sqlite3.connect(self.store) as store:
            store.execute("PRAGMA user_version = 99")
        before = self.store.read_bytes()
        for command in (("query",), ("report",), ("export", "abcd", "-o", "x"), ("db", "info"), ("db", "verify"),
                        ("db", "merge", self.store, "--db", self.home / "other.db")):
            self.expect_error(self.run_perftune(*command), 5, "newer perftune")
        self.assertEqual(self.store.read_bytes(), before)
        self.store.write_text("just a text, long enough to hold a header of a hundred bytes " * 4)
        self.expect_error(self.run_perftune("db", "merge", self.store, "--db", self.home / "new.db"), 5, "not a perftune store")

    def test_a_full_disk_while_merging_leaves_both_stores_as_they_were(self):
        self.import_cache(cache={str(i): {**CACHE["cache"]["16"], "MWG": i, "time": 1 + i} for i in range(3000)})
        other = self.home / "other.db"
        self.expect(self.run_perftune("db", "merge", self.store, "--db", other), 0)
        source = other.read_bytes()
        self.store.unlink()
        self.import_cache()
        destination = self.store.read_bytes()

        def small_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(destination) + 100_000, len(destination) + 100_000))

        result = subprocess.run([PERFTUNE, "db", "merge", str(other)], capture_output=True, text=True, cwd=self.home,
                                env=self.environment(), preexec_fn=small_disk, check=False)
        self.expect_error(result, 5, "writing failed")
        self.assertEqual(self.store.read_bytes(), destination)
        self.assertEqual(other.read_bytes(), source)
        self.expect(self.run_perftune("db", "verify"), 0)

    def test_near_finds_the_nearest_tuned_shapes(self):
        for m in (64, 128, 1024):
            self.expect(self.run_perftune("tune", self.gemm(m, 64, 64, "f16"), "--gpu", "v100", "--top", "1"), 0)
        self.expect(self.run_perftune("tune", self.gemm(128, 64, 64, "f32"), "--gpu", "v100", "--top", "1"), 0)
        rows = self.query("--near", self.gemm(100, 64, 64, "f16"))
        self.assertEqual([row["dims"] for row in rows], ["k=64 m=128 n=64", "k=64 m=64 n=64", "k=64 m=1024 n=64"])
        self.assertAlmostEqual(rows[0]["distance"], math.log2(1.28), places=6)
        self.assertTrue(all(row["basis"] == "predicted" and row["measured_us"] is None for row in rows))
        self.expect_error(self.run_perftune("query", "--near", "none.yaml"), 2, "none.yaml")

    def test_age_and_history(self):
        self.import_cache()
        with sqlite3.connect(self.store) as store:
            now = int(time.time() * 1000)
            for days, row in ((1, 1), (10, 2), (400, 3)):
                store.execute("UPDATE measurements SET taken_at_ms = ? WHERE id = ?", (now - days * 86_400_000, row))
        self.assertEqual(len(self.query("--history")), 3)
        self.assertEqual(len(self.query("--history", "age<7d")), 1)
        self.assertEqual(len(self.query("--history", "age<52w")), 2)
        self.assertEqual(len(self.query("--history", "age>=9d", "age<365d")), 1)
        taken = [row["taken_at"] for row in self.query("--history")]
        self.assertEqual(taken, sorted(taken, reverse=True))
        self.expect_error(self.run_perftune("query", "age<soon"), 2, "not a duration")
        self.expect_error(self.run_perftune("query", "age=7d"), 2, "compare with < or >")

    def test_csv_comes_back_as_it_went(self):
        self.import_cache()
        text = self.expect(self.run_perftune("db", "export", "--format", "csv"), 0).stdout
        other = self.home / "other.db"
        path = self.write("rows.csv", text)
        result = self.json(self.run_perftune("db", "import", path, "--db", other, "--json"))["imported"][0]
        self.assertEqual([result[key] for key in ("format", "configurations", "valid", "invalid", "added")], ["csv", 3, 2, 1, 3])
        columns = ("--columns", "operator,dims,hardware,program,status,measured_us,taken_at", "--history")
        self.assertEqual(sorted(map(str, self.query(*columns, "--db", other))), sorted(map(str, self.query(*columns))))
        again = self.json(self.run_perftune("db", "import", path, "--db", other, "--json"))["imported"][0]
        self.assertEqual(again["added"], 0)

    def test_anyones_csv_is_imported_by_its_columns(self):
        path = self.write("mine.csv", 'block_m,layout,time_ms\r\n16,"row, major",2.0\r\n32,col,1.5\r\n')
        self.expect_error(self.run_perftune("db", "import", path), 2, "mine.csv", "which device")
        self.expect(self.run_perftune("db", "import", path, "--device", "My GPU", "--kernel", "mine"), 0)
        rows = self.query("--history", "operator=mine", "--columns", "program,measured_us")
        self.assertEqual(sorted(row["measured_us"] for row in rows), [1500.0, 2000.0])
        self.assertIn('layout="row, major"', " ".join(row["program"] for row in rows))
        for text, where, words in (
                ("a,b\n1,2\n", "1:1", "no column with a time"),
                ("a,time_us\n1\n", "2:1", "1 fields"),
                ("a,time_us\n1,fast\n", "2:3", "positive number"),
                ("a,time_us\n1,-3\n", "2:3", "positive number"),
                ("a,time_us,status\n1,3,lost\n", "2:5", "status"),
                ("a,a,time_us\n1,1,3\n", "1:3", "named twice"),
                ('a,time_us\n"1,3\n', "2:1", "never ends")):
            with self.subTest(text=text):
                result = self.run_perftune("db", "import", self.write("bad.csv", text), "--device", "d")
                self.expect_error(result, 2, f"bad.csv:{where}: ", words)

    def test_exported_t4_is_what_its_schema_asks_for(self):
        self.import_cache(cache={
            **CACHE["cache"],
            "1": {**CACHE["cache"]["16"], "MWG": 1, "time": "CompilationFailedConfig"},
            "2": {**CACHE["cache"]["16"], "MWG": 2, "time": "RuntimeFailedConfig"},
            "3": {**CACHE["cache"]["16"], "MWG": 3, "times": [1.0, 2.0, 3.0]}})
        document = self.json(self.run_perftune("db", "export", "--format", "t4"))
        self.assertEqual(len(document["results"]), 6)
        self.assertEqual(t4_mistakes(document), [])
        # The check itself finds what it should.
        entry = document["results"][0]
        for key, value in (("invalidity", "fine"), ("correctness", "1"), ("configuration", []), ("times", None)):
            self.assertNotEqual(t4_mistakes({**document, "results": [{**entry, key: value}]}), [], key)
        self.assertNotEqual(t4_mistakes({**document, "schema_version": "one"}), [])

    def test_t4_files_with_missing_or_wrong_fields(self):
        good = {"configuration": {"A": 1}, "times": {}, "invalidity": "timeout", "correctness": 1}
        for change, words in (({"invalidity": "odd"}, "invalidity"), ({"configuration": 3}, "configuration"),
                              ({"times": []}, "times"), ({"correctness": "yes"}, "correctness"),
                              ({"invalidity": "correct"}, "measurement"), ({"configuration": None}, "configuration")):
            with self.subTest(change=change):
                entry = {key: value for key, value in {**good, **change}.items() if value is not None}
                path = self.write("t4.json", json.dumps({"schema_version": "1.0.0", "results": [entry]}))
                self.expect_error(self.run_perftune("db", "import", path, "--device", "d"), 2, "t4.json", "results[0]", words)
        self.expect_error(self.run_perftune("db", "import", self.write("t4.json", '{"results": 1}'), "--device", "d"), 2, "results")


def t4_mistakes(document):
    """What T4/1.0.0 results (github.com/odgaard/TuningSchema, branch T4, results-schema.json) would refuse, and more."""
    found = []

    def expect(holds, what):
        if not holds:
            found.append(what)

    def is_number(value):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

    expect(isinstance(document.get("schema_version"), str) and re.fullmatch(r"\d+\.\d+\.\d+", document["schema_version"]), "schema_version")
    expect(isinstance(document.get("results"), list), "results")
    for i, entry in enumerate(document.get("results", [])):
        for required in ("configuration", "times", "invalidity", "correctness"):
            expect(required in entry, f"{i}: no {required}")
        expect(isinstance(entry.get("configuration"), dict), f"{i}: configuration")
        expect(isinstance(entry.get("timestamp", ""), str), f"{i}: timestamp")
        expect(isinstance(entry.get("objectives", []), list), f"{i}: objectives")
        expect(is_number(entry.get("correctness")), f"{i}: correctness")
        expect(entry.get("invalidity") in ("timeout", "compile", "runtime", "correctness", "constraints", "correct"), f"{i}: invalidity")
        times = entry.get("times")
        if not isinstance(times, dict):
            found.append(f"{i}: times")
            continue
        for key, value in times.items():
            if key == "runtimes":
                expect(isinstance(value, list) and all(map(is_number, value)), f"{i}: runtimes")
            else:
                expect(is_number(value), f"{i}: times.{key}")
        for measurement in entry.get("measurements", []):
            expect(isinstance(measurement.get("name"), str) and is_number(measurement.get("value"))
                   and isinstance(measurement.get("unit"), str), f"{i}: measurements")
    return found
