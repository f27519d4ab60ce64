"""The notebook in JupyterLab, as an analyst works with it, on a machine without a network."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

sys.path.insert(0, str(Path(__file__).parents[1]))

import shops

from retention_kit import cli

ROOT = Path(__file__).parents[2]
OWN = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "HOME")
expect.set_options(timeout=30_000)  # a busy machine is not a broken page


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Return a function that gives the address of a copy of the notebook over a dataset.

    JupyterLab runs with the options of ``retention lab``, and knows nothing of the user who runs the tests.
    """
    folder = tmp_path_factory.mktemp("lab")
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    datasets = {"shop": shops.write_shop(folder), "nasty": shops.nasty_shop(folder)}
    source = (ROOT / "notebooks" / "01_cohorts.ipynb").read_text("utf-8")
    for name in datasets:
        (notebooks / f"{name}.ipynb").write_text(
            source.replace('dataset = \\"cdnow\\"', f'dataset = \\"{name}\\"')
        )
    for name in OWN:
        (folder / name).mkdir()
    # All cells are in the page, wherever it is scrolled to.
    settings = folder / "JUPYTER_CONFIG_DIR" / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir()
    settings.write_text('{"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}', "utf-8")
    environment = {
        **os.environ,
        **{name: str(folder / name) for name in OWN},
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_PATH": str(cli._LAB_SETTINGS),
        "RETENTION_DATASETS": json.dumps({name: str(path) for name, path in datasets.items()}),
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    options += [
        f"--ServerApp.root_dir={notebooks}",
        "--IdentityProvider.token=",
        "--allow-root",
        "--no-browser",
    ]
    log = folder / "lab.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *options, *cli._OFFLINE],
            env=environment, cwd=folder, stdout=errors, stderr=errors,
        )  # fmt: skip
    listening = False
    while not listening and process.poll() is None:  # ends with the server's start, or with its failure
        with socket.socket() as knock:
            listening = knock.connect_ex(("127.0.0.1", port)) == 0
    assert process.poll() is None, log.read_text("utf-8")
    yield lambda name: f"http://127.0.0.1:{port}/lab/tree/{name}.ipynb?reset"
    process.terminate()
    process.wait(30)


def run_all(page: Page, address: str) -> None:
    """Open the notebook, run all of it, and wait for its charts."""
    page.goto(address)
    expect(page.get_by_role("heading", name="Who comes back")).to_be_visible()
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(heat_map(page).locator("svg.marks")).to_be_visible()


def heat_map(page: Page) -> Locator:
    return page.locator(".rk-chart").first


def cell(page: Page, number: int) -> Locator:
    """A cell by its number, drawn above it: those of all cohorts come first."""
    return heat_map(page).locator(".layer_2_marks text").nth(number)


def test_analyst_explores_down_to_the_customers(page: Page, lab: Callable[[str], str]) -> None:
    run_all(page, lab("shop"))
    title = heat_map(page).locator(".rk-chart-title")
    expect(title).to_have_text("35.0 % are retained at age 1 (months), 35.0 % at age 3")
    assert page.locator(".Toastify__toast").count() == 0  # nobody is asked about news from the network

    listed = page.get_by_text("Click a cell to list its customers.")
    expect(listed).to_be_visible()
    cell(page, 6).click()
    table = page.locator(".rk-chart-table table.rk-table").filter(has_text="customers retained")
    expect(table).to_contain_text("Jan 2024, age 1: 21 of 60 customers retained")
    expect(table).to_contain_text("01-000")
    with page.expect_download() as download:
        page.get_by_role("link", name="customers.csv").click()
    assert len(download.value.path().read_text("utf-8-sig").splitlines()) == 61
    with page.expect_download() as download:
        page.get_by_role("link", name="customers.xlsx").click()
    assert download.value.path().read_bytes().startswith(b"PK")

    page.get_by_label("Compare by", exact=True).select_option(label="channel")
    expect(title).to_contain_text("store: ")
    cell(page, 1).click()
    expect(table).to_contain_text("channel = store, age 1, complete cohorts: 18 of 90 customers retained")

    page.get_by_label("Period", exact=True).select_option(label="week")
    expect(title).to_contain_text("(weeks)")
    expect(listed).to_be_visible()  # the customers of a cell that is gone are gone too


def test_hostile_data_stay_text_in_jupyterlab(page: Page, lab: Callable[[str], str]) -> None:
    run_all(page, lab("nasty"))
    expect(page.locator(".rk-facts").filter(has_text="window.pwned=1").first).to_be_visible()
    cell(page, 6).click()
    table = page.locator(".rk-chart-table table.rk-table").filter(has_text="customers retained")
    expect(table).to_contain_text("</script><script>window.pwned=1</script>")
    page.get_by_label("Compare by", exact=True).select_option(label="channel")
    expect(heat_map(page).locator(".rk-chart-title")).to_contain_text("window.pwned=1")
    heat_map(page).get_by_role("button", name="Data").click()
    expect(heat_map(page).locator("table.rk-table")).to_be_visible()
    cell(page, 1).hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text("window.pwned=1")
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x]").count() == 0
