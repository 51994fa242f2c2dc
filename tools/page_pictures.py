"""Pictures of every view of the page, for docs/page/, and what it weighs after a long training.

python tools/page_pictures.py            # pictures, three widths, dark and light in turn
python tools/page_pictures.py --minutes 10   # the browser's memory, minute by minute, while it trains live
"""

import argparse
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "page"))

from conftest import CHROMIUM, FLAGS  # noqa: E402
from glass_browser import opened, served, until  # noqa: E402

VIEWS = ("inside", "back", "train", "fool", "own", "dream")
WIDTHS = {390: 844, 768: 1024, 1440: 900}


def pictures(browser, address, folder):
    for width, height in WIDTHS.items():
        for number, name in enumerate(VIEWS):
            scheme = ("light", "dark")[number % 2]
            with opened(
                browser, address, viewport={"width": width, "height": height}, color_scheme=scheme
            ) as view:
                view.click(f"#tab-{name}")
                view.evaluate("glass.showImage(8)")
                if name == "train":
                    view.click("text=Train from noise")
                    until(view, "glass.training.curves[0]?.accuracy.at(-1)?.[1] > 0.9", 60)
                    view.click("#panel-train >> text=Pause")
                    until(
                        view, "document.querySelector('#panel-train [role=status]').textContent === 'Paused.'"
                    )
                if name == "own":
                    view.click("#panel-own [data-digit='5']")
                if name == "dream":
                    view.click("#panel-dream [data-digit='3']")
                time.sleep(0.5)
                view.screenshot(path=folder / f"{name}-{width}.jpg", full_page=True, type="jpeg", quality=45)


def memory(browser, address, minutes):
    with opened(browser, address) as view:
        view.click("#tab-train")
        view.fill("#panel-train label:has-text('epochs') >> input", "200")
        for minute in range(minutes + 1):
            view.evaluate("gc()")
            used = view.evaluate("performance.memory.usedJSHeapSize") / 1e6
            shown = view.evaluate("glass.training.pictures")
            print(f"minute {minute}: {used:.1f} MB of script objects, {shown} pictures", flush=True)
            for _ in range(12):
                if view.evaluate("!glass.training.running"):
                    view.click("text=Train from noise")
                    until(view, "glass.training.running", 300)
                time.sleep(5)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int)
    minutes = parser.parse_args().minutes
    with sync_playwright() as driver, served() as server:
        precise = ("--enable-precise-memory-info", "--js-flags=--expose-gc")
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *precise])
        if minutes:
            memory(browser, server.address, minutes)
        else:
            folder = ROOT / "docs" / "page"
            folder.mkdir(exist_ok=True)
            pictures(browser, server.address, folder)


if __name__ == "__main__":
    main()
