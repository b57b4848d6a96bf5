"""Take the pictures of docs/report.md: the page of the sample business on a desk, on a phone, in the dark and printed.

    python scripts/report_pictures.py

It needs Chromium and pdftoppm (poppler-utils) beside the packages of requirements/dev.txt, and fits the sample first.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

import ltv_bayes as lb

ROOT = Path(__file__).resolve().parents[1]
SAMPLES, IMAGES = ROOT / "examples" / "data", ROOT / "docs" / "images"
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
COLOURS = 128


def main() -> None:
    """Write the page, open it, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = sample_report().to_html(Path(folder) / "report.html")
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        def opened(viewport: dict[str, int], scheme: str = "light", at: str = "") -> Any:
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            page.goto(path.as_uri() + at)
            return page

        opened(DESK).screenshot(path=IMAGES / "report_desk.png")
        opened(PHONE).screenshot(path=IMAGES / "report_phone.png")
        dark = opened(DESK, "dark", "#customers")
        dark.locator("#customer-tools").scroll_into_view_if_needed()
        dark.locator(".tabulator-row").nth(2).locator(".tabulator-cell").nth(3).click()
        dark.screenshot(path=IMAGES / "report_dark.png")
        opened(DESK).pdf(path=Path(folder) / "report.pdf", prefer_css_page_size=True, print_background=True)
        browser.close()
        first = ["pdftoppm", "-png", "-r", "70", "-f", "1", "-l", "1", "-singlefile", f"{folder}/report.pdf"]
        subprocess.run([*first, IMAGES / "report_print"], check=True)
    for picture in sorted(IMAGES.glob("report_*.png")):
        Image.open(picture).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)
        print(f"{picture.name}: {picture.stat().st_size / 1000:.0f} kB")


def sample_report() -> Any:
    """The report of the sample files, with everything that they allow."""
    orders = lb.read_transactions(
        SAMPLES / "orders.csv", customer="client", date="closed_on", amount="value", currency="EUR"
    )
    customers = lb.summarize(orders, time_unit="month", as_of="2025-12-31", attributes=SAMPLES / "clients.csv")
    fits = {
        "purchases": lb.BGNBD().fit(customers, random_seed=1, progressbar=False),
        "spend": lb.GammaGamma().fit(customers, random_seed=2, progressbar=False),
    }
    ltv = lb.lifetime_value(
        customers,
        [lb.RepeatPurchases(**fits)],
        future_value=lb.FutureValuePriors.from_judgements(SAMPLES / "opportunities.csv"),
        horizon="3 years",
        discount_rate=0.10,
        margin=0.35,
        realised=True,
        random_seed=4,
    )
    return lb.report(
        ltv,
        orders=orders,
        by="industry",
        slipping_away=lb.slipping_away(ltv, orders, since="2025-06-30"),
        backtest=lb.backtest(
            orders, origins=4, horizon="1 year", time_unit="month", draws=300, random_seed=1, progressbar=False
        ),
        title="What our clients are worth",
    )


if __name__ == "__main__":
    main()
