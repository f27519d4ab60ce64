"""Take the README's pictures: ``python -m tests.browser.screenshots`` photographs the served sample."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "notebooks" / "pictures"
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
RETENTION = [sys.executable, "-c", "from retention_kit.cli import main; main()"]


@contextmanager
def app() -> Iterator[str]:
    """Serve both samples and give the address of their apps."""
    command = [*RETENTION, "serve", "--port", "0", "cdnow", "shop"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


def report(folder: Path) -> str:
    """Publish the weekly report and return the address of its page."""
    subprocess.run([*RETENTION, "report", "cohorts", "--set", "grain=week", "--out", str(folder)], check=True)
    return (folder / "cohorts-cdnow" / "latest" / "report.html").as_uri()


def photograph(browser: Browser, address: str, name: str, *, width: int, height: int, drawn: str) -> None:
    """Open an address, wait until its charts are drawn, and keep a picture."""
    page: Page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    page.wait_for_function("['live', undefined].includes(document.documentElement.dataset.rkState)")
    page.wait_for_function(f"document.querySelectorAll({drawn!r}).length >= 5", timeout=60_000)
    page.screenshot(path=PICTURES / f"{name}.png")
    page.close()


def main() -> None:
    """Renew every picture."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed to take pictures; install it.")
    PICTURES.mkdir(exist_ok=True)
    with (
        sync_playwright() as playwright,
        app() as address,
        tempfile.TemporaryDirectory() as folder,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        live = f"{address}voila/render/01_cohorts.ipynb?dataset=cdnow"
        drawn = ".rk-chart[data-drawn] svg"
        photograph(browser, f"{live}&grain=week", "app", width=1280, height=1400, drawn=drawn)
        photograph(browser, live, "phone", width=390, height=1500, drawn=drawn)
        for file, name in (
            ("02_scorecard", "scorecard"),
            ("03_churn_curves", "churn"),
            ("04_lifetime_value", "lifetime"),
            ("05_what_if", "what_if"),
        ):
            live = f"{address}voila/render/{file}.ipynb?dataset=shop"
            photograph(browser, live, name, width=1280, height=1400, drawn=drawn)
        page = report(Path(folder))
        photograph(browser, page, "report", width=1100, height=1400, drawn="figure[data-live] svg")
        browser.close()


if __name__ == "__main__":
    main()
