"""report: rooflines rebuilt from the store, whatever is written in it."""

import json
import shutil
import sqlite3
import tempfile
import xml.dom.minidom
from html.parser import HTMLParser
from pathlib import Path

from harness import PerftuneTest

HOSTILE = "x\"'><script>alert(1)</script>\nDROP"


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.references, self.scripts, self.points, self.sortable = [], 0, [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.references += [values[key] for key in ("src", "href", "xlink:href") if key in values]
        self.scripts += tag == "script"
        self.sortable += tag == "th"
        if "data-row" in values and "point" in values.get("class", ""):
            self.points.append(values)


class Report(PerftuneTest):
    made = None  # one tuned store for all tests: each works on a copy

    def setUp(self):
        super().setUp()
        if Report.made is None:
            for m in (64, 96):
                self.expect(self.run_perftune("tune", self.gemm(m, 64, 64), "--cpu", "--top", "2"), 0)
            folder = Path(tempfile.mkdtemp(prefix="perftune_report_"))
            self.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
            Report.made = shutil.copy(self.store, folder / "made.db")
        else:
            shutil.copy(Report.made, self.store)

    def change(self, *statements):
        with sqlite3.connect(self.store) as database:
            for statement in statements:
                database.execute(*statement)

    def report(self, *arguments):
        return self.expect(self.run_perftune("report", *arguments), 0)

    def document(self, *arguments):
        return json.loads(self.report(*arguments, "--json").stdout)

    def predict_one(self):
        self.change(("UPDATE winners SET basis = 'predicted', measured_us = NULL, predicted_us = 5 "
                     "WHERE operator = (SELECT min(operator) FROM winners)",))

    def test_fields_and_order(self):
        document = self.document()
        self.assertEqual(document["schema"], "perftune.report/1")
        self.assertEqual({roof["basis"] for roof in document["devices"][0]["roofs"]}, {"measured", "datasheet"})
        self.assertEqual(len(document["kernels"]), 2)
        for kernel in document["kernels"]:
            self.assertEqual(kernel["basis"], "measured")
            self.assertAlmostEqual(kernel["fraction"], kernel["roofline_us"] / kernel["measured_us"], places=6)
            self.assertAlmostEqual(kernel["intensity"], kernel["flops"] / kernel["bytes"], places=6)
            self.assertTrue(kernel["limiter"] and kernel["advice"] and kernel["stages"])
            self.assertIsNone(kernel["impossible"])
        headrooms = [kernel["headroom_us"] for kernel in document["kernels"]]
        self.assertEqual(headrooms, sorted(headrooms, reverse=True))

    def test_filters_and_kernels(self):
        (kernel,) = self.document("m>=96")["kernels"]
        self.assertIn("m=96", kernel["dims"])
        named = self.document(kernel["kernel"])["kernels"]
        self.assertEqual({row["kernel"] for row in named}, {kernel["kernel"]})
        self.expect_error(self.run_perftune("report", "0000000000000000"), 2, "no kernel")

    def test_predicted_is_never_shown_as_measured(self):
        self.predict_one()
        kernels = {kernel["basis"]: kernel for kernel in self.document()["kernels"]}
        self.assertIsNone(kernels["predicted"]["measured_us"])
        page = Page(self.report("--format", "html").stdout)
        classes = sorted(point["class"] for point in page.points)
        self.assertEqual(classes, ["point measured", "point predicted"])
        self.assertIn("not measured", next(p["aria-label"] for p in page.points if "predicted" in p["class"]))
        self.assertIn("predicted, not measured on cpu-local", self.report().stdout)

    def test_a_point_above_a_roof_is_an_error(self):
        self.change(("UPDATE winners SET measured_us = 1e-4 WHERE operator = (SELECT min(operator) FROM winners)",))
        first, second = self.document()["kernels"]
        self.assertIn("unit or counting error", first["impossible"])
        self.assertIsNone(second["impossible"])
        html = self.report("--format", "html")
        self.assertEqual([p["class"] for p in Page(html.stdout).points].count("point measured impossible"), 1)
        self.assertIn("above a roof", html.stderr)
        self.assertIn("ERROR", self.report().stdout)

    def test_the_page_needs_nothing_else(self):
        text = self.report("--format", "html").stdout
        page = Page(text)
        self.assertEqual(page.references, ["data:,"])
        self.assertEqual(page.scripts, 2)
        self.assertNotRegex(text.replace("http://www.w3.org/2000/svg", ""), r"https?://|@import|url\(")
        self.assertIn("prefers-color-scheme:dark", text)
        self.assertIn("width=device-width", text)
        self.assertTrue(page.sortable >= 10 and all(p["tabindex"] == "0" for p in page.points))

    def test_names_are_shown_and_never_executed(self):
        self.change(("PRAGMA foreign_keys = OFF",), ("UPDATE operator_names SET name = ?", (HOSTILE,)),
                    ("UPDATE operator_dims SET name = ?", (HOSTILE,)))
        self.assertEqual(self.document()["kernels"][0]["operator"], HOSTILE)
        text = self.report("--format", "html").stdout
        self.assertEqual(Page(text).scripts, 2)
        self.assertNotIn("<script>alert", text)
        self.assertIn("&lt;script&gt;alert", text)
        xml.dom.minidom.parseString(self.report("--format", "svg").stdout)
        self.assertIn("\\nDROP", self.report().stdout)

    def test_terminal_is_80_columns_and_degrades_to_ascii(self):
        plain = self.report().stdout  # no locale in the environment
        self.assertTrue(plain.isascii())
        unicode = self.expect(self.run_perftune("report", LC_ALL="C.UTF-8"), 0).stdout
        self.assertIn("●", unicode)
        self.assertTrue(self.expect(self.run_perftune("report", "--ascii", LC_ALL="C.UTF-8"), 0).stdout.isascii())
        for line in unicode.splitlines() + plain.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_no_match_and_no_store(self):
        for form in ("terminal", "svg", "html", "json"):
            with self.subTest(form=form):
                self.assertIn("nothing matches", self.report("operator=none", "--format", form).stderr)
        self.store.unlink()
        self.expect_error(self.run_perftune("report"), 5, "no such store")
        self.assertFalse(self.store.exists())

    def test_a_file_that_cannot_be_written(self):
        self.expect_error(self.run_perftune("report", "-o", self.home / "no" / "such.html"), 2, "cannot be written")

    SUITE = ("suite: pair\noperators:\n"
             "  - {name: often, op: matmul, dims: {m: 64, n: 64, k: 64}, weight: 30}\n"
             "  - {name: rare, op: matmul, dims: {m: 512, n: 512, k: 512}, weight: 2}\n"
             "  - {name: rare_again, op: matmul, dims: {m: 512, n: 512, k: 512}, weight: 1}\n")

    def tune_suite(self):
        self.store.unlink()
        self.expect(self.run_perftune("tune", self.write("pair.yaml", self.SUITE), "--gpu", "v100", "--top", "1"), 0)

    def test_a_suite_shows_where_its_time_goes(self):
        self.tune_suite()
        document = self.document()
        (suite,) = document["suites"]
        calls = {part["operator"]: part["calls"] for part in suite["parts"]}
        self.assertEqual(calls, {"often": 30, "rare": 3})  # one computation under two names
        times = {row["operator"]: row["predicted_us"] for row in document["kernels"]}
        self.assertAlmostEqual(suite["us"], 30 * times["often"] + 3 * times["rare"], places=6)
        self.assertAlmostEqual(sum(part["share"] for part in suite["parts"]), 1)
        self.assertEqual(suite["basis"], "predicted")
        weighted = [row["weighted_headroom_us"] for row in document["kernels"]]
        self.assertEqual(weighted, sorted(weighted, reverse=True))
        text = self.report().stdout
        self.assertIn("pair on v100", text)
        self.assertIn("30 calls", text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        xml.dom.minidom.parseString(self.report("--format", "svg").stdout)
        self.assertIn("class='suite'", self.report("--format", "html").stdout)
        self.assertEqual(len(self.document("--suite", "pair")["kernels"]), 2)
        self.expect_error(self.run_perftune("report", "--suite", "none"), 2, "no suite 'none'")

    def test_a_suites_operators_without_a_time_are_named(self):
        self.tune_suite()
        self.change(("DELETE FROM winners WHERE operator = 2",))
        self.assertEqual(self.document()["suites"][0]["missing"], ["rare"])
        self.assertIn("without a time here: rare", self.report().stdout)

    def test_before_and_after_between_two_stores(self):
        other = self.home / "before.db"
        shutil.copy(self.store, other)
        self.change(("UPDATE winners SET measured_us = measured_us / 2 WHERE operator = (SELECT min(operator) FROM winners)",))
        rows = self.document("--against", other)["kernels"]
        ratios = sorted(row["before"]["us"] / row["measured_us"] for row in rows)
        self.assertAlmostEqual(ratios[0], 1)
        self.assertAlmostEqual(ratios[1], 2)
        html = self.report("--against", other, "--format", "html").stdout
        self.assertEqual(html.count("<path class='before'"), 1)
        self.assertIn("2.00 times faster now", html)
        self.assertIn("2.00 times faster now", " ".join(self.report("--against", other).stdout.split()))
        xml.dom.minidom.parseString(self.report("--against", other, "--format", "svg").stdout)

    def test_before_and_after_between_two_kernels(self):
        with sqlite3.connect(self.store) as store:
            (loser,) = store.execute("SELECT k.kernel FROM measurements m JOIN builds b ON b.id = m.build JOIN kernels k "
                                     "ON k.id = b.kernel WHERE m.build NOT IN (SELECT build FROM winners) LIMIT 1").fetchone()
        compared = [row for row in self.document("--against", loser)["kernels"] if row["before"]]
        self.assertEqual({row["before"]["name"] for row in compared}, {loser})
        self.expect_error(self.run_perftune("report", "--against", "feedface00000000"), 2, "no kernel")

    def test_query_and_report_agree_on_the_fraction_of_the_roofline(self):
        rows = self.json(self.run_perftune("query", "--columns", "kernel,fraction,roofline_us", "--json"))["rows"]
        asked = {row["kernel"]: row for row in rows}
        for row in self.document()["kernels"]:
            self.assertAlmostEqual(row["fraction"], asked[row["kernel"]]["fraction"], places=6)
            self.assertAlmostEqual(row["roofline_us"], asked[row["kernel"]]["roofline_us"], places=6)

    def test_a_vendors_kernel_is_a_baseline(self):
        self.change(
            ("INSERT INTO kernels (kernel, family, target, program, language, entry, source, source_hash) "
             "SELECT 'aaaabbbbccccdddd', 'contraction', 'vendor/somelib', 'contraction vendor/somelib', 'vendor', '', '', source_hash "
             "FROM kernels LIMIT 1",),
            ("INSERT INTO builds (kernel, toolchain) SELECT k.id, b.toolchain FROM kernels k, builds b WHERE k.language = 'vendor' LIMIT 1",),
            ("INSERT INTO measurements (uid, run, operator, hardware, build, policy, provenance, phase, outcome, detail, verified_by, "
             "median_us, spread, sample_count, limiter, compile_seconds, verify_seconds, measure_seconds, taken_at_ms) "
             "SELECT x'00', w.run, w.operator, w.hardware, (SELECT max(id) FROM builds), w.policy, 1, 'screening', 'timed', '', 'device', "
             "w.measured_us * 2, 0, 0, '', 0, 0, 0, 1 FROM winners w LIMIT 1",))
        (row,) = [row for row in self.document()["kernels"] if row["baseline"]]
        self.assertEqual(row["baseline"]["name"], "somelib")
        self.assertAlmostEqual(row["baseline"]["us"], 2 * row["measured_us"])
        self.assertIn("2.00 of its speed", self.report().stdout)

    def test_a_device_that_is_only_modelled_has_a_predicted_winner(self):
        self.store.unlink()
        self.expect(self.run_perftune("tune", self.gemm(256, 256, 256, "f16"), "--gpu", "v100", "--top", "2"), 0)
        (row,) = self.json(self.run_perftune("query", "--columns", "basis,status,measured_us,predicted_us,roofline_us", "--json"))["rows"]
        self.assertEqual((row["basis"], row["status"], row["measured_us"]), ("predicted", "predicted", None))
        self.assertTrue(row["predicted_us"] > row["roofline_us"] > 0)
        (shown,) = self.document()["kernels"]
        self.assertEqual((shown["basis"], shown["measured_us"]), ("predicted", None))
        self.assertIn("predicted, not measured", self.report().stdout)
        self.expect(self.run_perftune("db", "verify"), 0)

    def test_the_page_shows_rules_and_history(self):
        text = self.report("--format", "html").stdout
        self.assertIn("rules behind the shape", text)
        data = json.loads(text.split("<script type='application/json' id='data'>")[1].split("</script>")[0])
        facts = dict(data["kernels"][0]["facts"])
        self.assertIn("<- this one", facts["history of this operator"])
        self.assertIn("confirmed", facts["history of this operator"])
        self.assertIn(": ", facts["rules behind the shape"])
