"""The HTML report in a real browser: a store of 200 kernels is filtered, sorted, pointed at and clicked through.

With PERFTUNE_SCREENSHOTS=FOLDER the pages are kept as pictures, to be looked at.
"""

import os
import shutil
import sqlite3
import tempfile
import unittest
from pathlib import Path

from browser import CHROMIUM, Browser
from harness import PerftuneTest

SHAPES = [(m, n, k) for m in (16, 64, 128, 512, 2048) for n in (64, 256, 768, 1024, 4096)
          for k in (64, 128, 256, 512, 768, 1024, 2048, 4096)]
VISIBLE = "[...document.querySelectorAll('#kernels tbody tr')].filter(r => !r.hidden)"
POINT = "document.querySelector('svg.roofline .point:not(.hidden)')"


@unittest.skipUnless(CHROMIUM, "no Chromium here (apt-get install chromium)")
class Page(PerftuneTest):
    made = None  # one page for all tests

    def setUp(self):
        super().setUp()
        if Page.made is None:
            folder = Path(tempfile.mkdtemp(prefix="perftune_page_"))
            self.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
            self.fill()
            Page.made = folder / "report.html"
            self.expect(self.run_perftune("report", "--format", "html", "-o", Page.made), 0)
        self.assertTrue(Page.made.exists())

    def fill(self):
        """Predicted winners of 200 shapes in a suite; then some of them get made-up measured times."""
        operators = "".join(f"  - {{name: layer_{i}, op: matmul, dims: {{m: {m}, n: {n}, k: {k}}}, dtype: f16, weight: {1 + i % 12}}}\n"
                            for i, (m, n, k) in enumerate(SHAPES))
        suite = self.write("suite.yaml", "suite: made_up\noperators:\n" + operators)
        self.expect(self.run_perftune("tune", suite, "--gpu", "v100", "--top", "1"), 0)
        with sqlite3.connect(self.store) as store:
            store.execute("UPDATE winners SET basis = 'measured', measured_us = predicted_us * 1.2 WHERE operator % 2")
            store.execute("UPDATE winners SET basis = 'measured', measured_us = predicted_us / 90 WHERE operator = "
                          "(SELECT id FROM operators ORDER BY flops DESC, id LIMIT 1)")

    def show(self, **device):
        browser = Browser(**device)
        self.addCleanup(browser.close)
        browser.open(Page.made)
        self.assertEqual(browser.evaluate(VISIBLE + ".length"), len(SHAPES))
        return browser

    def keep(self, browser, name):
        if os.environ.get("PERFTUNE_SCREENSHOTS"):
            browser.screenshot(Path(os.environ["PERFTUNE_SCREENSHOTS"]) / name)

    def finish(self, browser):
        self.assertEqual(browser.complaints, [])
        self.assertEqual([r for r in browser.requests if not r.startswith("data:")], [f"file://{Page.made}"])

    def test_filtering_hides_rows_and_points(self):
        browser = self.show()
        self.keep(browser, "desktop.png")
        browser.click("document.getElementById('filter')")
        browser.call("Input.insertText", text="m=64 measured")
        rows = browser.evaluate(VISIBLE + ".map(r => r.textContent)")
        self.assertTrue(0 < len(rows) < len(SHAPES))
        self.assertTrue(all("m=64" in row and "measured" in row for row in rows))
        self.assertEqual(browser.evaluate("document.querySelectorAll('svg.roofline .point:not(.hidden)').length"), len(rows))
        self.assertEqual(browser.evaluate("document.getElementById('count').textContent"), f"{len(rows)} of {len(SHAPES)}")
        browser.call("Input.insertText", text=" nonsense")
        self.assertEqual(browser.evaluate(VISIBLE + ".length"), 0)
        self.finish(browser)

    def test_sorting_by_any_column_both_ways(self):
        browser = self.show()
        column = "[...document.querySelectorAll('#kernels th')].findIndex(h => h.textContent.startsWith('time'))"
        values = VISIBLE + f".map(r => +r.cells[{column}].dataset.value)"
        for down in (True, False):
            browser.click(f"document.querySelectorAll('#kernels th button')[{column}]")
            times = browser.evaluate(values)
            self.assertEqual(times, sorted(times, reverse=down))
        self.assertEqual(browser.evaluate("document.querySelector('#kernels th[aria-sort]').textContent"), "time")
        self.finish(browser)

    def test_the_first_row_is_the_error_and_then_the_largest_weighted_headroom(self):
        browser = self.show()
        self.assertEqual(browser.evaluate(VISIBLE + "[0].className"), "impossible")
        column = "[...document.querySelectorAll('#kernels th')].findIndex(h => h.textContent.startsWith('headroom'))"
        headroom = browser.evaluate(VISIBLE + f".slice(1).map(r => +r.cells[{column}].dataset.value)")
        self.assertEqual(headroom, sorted(headroom, reverse=True))
        self.finish(browser)

    def test_pointing_shows_a_kernel_and_clicking_opens_it(self):
        browser = self.show()
        browser.move_to(POINT)
        tip = browser.evaluate("document.getElementById('tip').innerText")
        self.assertIn("layer_", tip)
        self.keep(browser, "hover.png")
        browser.click(POINT)
        self.assertTrue(browser.evaluate("document.getElementById('detail').open"))
        text = browser.evaluate("document.getElementById('detail').innerText")
        for part in ("stages", "rules behind the shape", "program", "limited by", "what would help", "perftune/contraction"):
            self.assertIn(part, text)
        self.keep(browser, "detail.png")
        browser.press("Escape")
        self.assertFalse(browser.evaluate("document.getElementById('detail').open"))
        browser.click("document.querySelector('svg.suite .part')")
        self.assertTrue(browser.evaluate("document.getElementById('detail').open"))
        self.finish(browser)

    def test_everything_can_be_reached_by_keyboard(self):
        browser = self.show()
        for _ in range(20):
            browser.press("Tab")
            if browser.evaluate("document.activeElement.classList.contains('point')"):
                break
        self.assertEqual(browser.evaluate("getComputedStyle(document.getElementById('tip')).display"), "block")
        browser.press("Enter")
        self.assertTrue(browser.evaluate("document.getElementById('detail').open"))
        self.finish(browser)

    def test_a_phone_shows_it_without_scrolling_sideways(self):
        browser = self.show(width=390, height=844, mobile=True)
        self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), 390)
        self.keep(browser, "phone.png")
        browser.click(POINT)
        self.assertTrue(browser.evaluate("document.getElementById('detail').open"))
        self.assertLessEqual(browser.evaluate("document.getElementById('detail').getBoundingClientRect().right"), 390)
        self.keep(browser, "phone_detail.png")
        self.finish(browser)

    def test_dark_colours_where_the_system_asks_for_them(self):
        browser = self.show()
        light = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.assertNotEqual(browser.evaluate("getComputedStyle(document.body).backgroundColor"), light)
        self.keep(browser, "dark.png")
        self.finish(browser)


if __name__ == "__main__":
    unittest.main()
