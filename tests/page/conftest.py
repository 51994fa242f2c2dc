import os
import shutil

import pytest
from glass_browser import served

from tinygrad_mnist import data, model_file
from tinygrad_mnist.train import RECIPES, run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="session")
def mnist():
    return data.mnist()


@pytest.fixture(scope="session")
def network(mnist):
    return run(RECIPES["article"], *mnist[0])


@pytest.fixture(scope="session")
def model(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "digits.safetensors"
    model_file.save(network, path)
    return path


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None and os.environ.get("CI"):
        pytest.fail("the gate needs Chromium, and there is none")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install the system's package chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(model):
    with served(model) as server:
        yield server
