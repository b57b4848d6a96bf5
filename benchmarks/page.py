"""Script time of a page of customers in the system's Chromium: to open it, to sort it and to search it.

    python benchmarks/page.py                 10,000 customers, the median of 7 openings
    python benchmarks/page.py --customers 1000

Script time is what the browser counts as ``ScriptDuration``: compiling and running, without layout and painting.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ltv_bayes.reporting.contents.parts import Document, Section
from ltv_bayes.reporting.page.render import page
from tests.reporting.made import many

SORTED_BY = ("realised", "to come 89% interval", "industry", "reason", "customer")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--customers", type=int, default=10_000)
    asked.add_argument("--repeats", type=int, default=7)
    given = asked.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "page.html"
        section = Section("customers", "Customers", (many(given.customers),))
        path.write_text(page(Document("Customers", "en", (), (section,))), encoding="utf-8")
        print(f"{given.customers:,} customers, {path.stat().st_size / 1e6:.2f} MB")
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _repeat in range(given.repeats):
            for name, seconds in measured(browser.new_page(), path):
                found.setdefault(name, []).append(1000 * seconds)
        browser.close()
    print("| ms of script | fastest | median | slowest |\n|---|--:|--:|--:|")
    for name, times in found.items():
        print(f"| {name} | {min(times):.0f} | {median(times):.0f} | {max(times):.0f} |")


def measured(opened: Page, path: Path) -> list[tuple[str, float]]:
    """Open the page once, and do what a reader does."""
    session = opened.context.new_cdp_session(opened)
    session.send("Performance.enable")

    def script_time() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "ScriptDuration"))

    before = script_time()
    opened.goto(path.as_uri())
    opened.wait_for_function("() => document.querySelector('output').innerText !== ''")
    times = [("open", script_time() - before)]
    for title in SORTED_BY:
        before = script_time()
        opened.get_by_role("button", name=title, exact=True).evaluate("button => button.click()")
        times.append((f"sort by {title}", script_time() - before))
    before = script_time()
    opened.get_by_label("Search").fill("c0099")
    opened.wait_for_function("() => document.querySelector('output').innerText.startsWith('100 of')")
    times.append(("search", script_time() - before))
    opened.close()
    return times


if __name__ == "__main__":
    main()
