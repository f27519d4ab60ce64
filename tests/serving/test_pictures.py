"""Pictures: drawn in the background, and shown only of the very same data, parameters and notebook."""

import os
import time
from pathlib import Path

import nbformat
import pytest

from retention_kit.notebooks import NOTEBOOKS, CohortParameters
from retention_kit.serving import pictures as module
from retention_kit.serving.pictures import Pictures
from retention_kit.serving.view import ServedNotebook, View, first_views, view_at

# Draws what it was asked for: the data's marker and the parameters, so that a mix-up shows.
PAINTER = """
import json, os, sys
from pathlib import Path
folder = Path(sys.argv[1])
asked = json.loads((folder / "request.json").read_text())
rows = Path(os.environ["DATA"], asked["parameters"]["dataset"] + ".csv").read_text().splitlines()
data = rows[1].split(",")[0]
cell = json.loads(Path(asked["notebook"]).read_text())["cells"][0]["source"]
made = {"cells": {"out": "|".join([data, asked["parameters"]["grain"], "".join(cell)])}}
if data.startswith("fail") and "FORGIVE" not in os.environ: sys.exit("no such luck")
if data.startswith("wait"): sys.stdin.read(); sys.exit(1)
if data.startswith("move"): Path(os.environ["DATA"], "shop.csv").write_text("customer\\n1\\n")
(folder / "picture.json").write_text(json.dumps(made))
"""
TOML = """
schema = 1
time_zone = "UTC"
[orders]
source = "{name}.csv"
[orders.columns]
customer_id = "customer"
ordered_at = "day"
"""


def written(folder: Path, name: str, marker: str) -> Path:
    (folder / f"{name}.csv").write_text(f"customer,day\n{marker},2024-01-01\n")
    path = folder / f"{name}.toml"
    path.write_text(TOML.format(name=name))
    return path


@pytest.fixture
def datasets(tmp_path):
    return {name: written(tmp_path, name, name) for name in ("shop", "kiosk")}


@pytest.fixture
def gallery(tmp_path, datasets, monkeypatch):
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path / "cache"))
    return lambda: Pictures(
        datasets, program=("-c", PAINTER), environment={**os.environ, "DATA": str(tmp_path)}
    )


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def view(dataset="shop", text="1", **changes):
    cells = [nbformat.v4.new_code_cell(text, id="one")]
    notebook = ServedNotebook(NOTEBOOKS["cohorts"], nbformat.v4.new_notebook(cells=cells))
    return View(notebook, CohortParameters(dataset=dataset, **changes))


def finished(pictures):
    worker = pictures._worker
    if worker is not None:
        worker.join(60)
        assert not worker.is_alive()
    return pictures


def drawn(pictures, *views):
    for one in views:
        pictures.want(one)
    return finished(pictures)


def test_a_view_has_a_picture_once_it_was_drawn_and_the_next_server_has_it_too(gallery):
    assert gallery().find(view()) is None
    drawn(gallery(), view())
    assert gallery().find(view()) == {"out": "shop|month|1"}


def test_a_picture_is_never_shown_for_other_parameters_another_dataset_or_another_notebook(gallery):
    pictures = drawn(gallery(), view(), view("kiosk", grain="week"))
    assert pictures.find(view(grain="week")) is None
    assert pictures.find(view("kiosk")) is None
    assert pictures.find(view(text="2")) is None
    assert pictures.find(view("kiosk", grain="week")) == {"out": "kiosk|week|1"}


def test_a_picture_is_never_shown_once_the_data_have_changed_however_little(gallery, tmp_path):
    pictures = drawn(gallery(), view())
    source = tmp_path / "shop.csv"
    before = source.stat()
    source.write_text("customer,day\nSHOP,2024-01-01\n")  # as long as before
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert pictures.find(view()) is None
    drawn(pictures, view())
    assert pictures.find(view()) == {"out": "SHOP|month|1"}


def test_a_picture_is_never_shown_once_the_dataset_file_has_changed(gallery, datasets):
    pictures = drawn(gallery(), view())
    datasets["shop"].write_text('title = "A new name"\n' + datasets["shop"].read_text())
    assert pictures.find(view()) is None


def test_a_picture_is_never_shown_by_another_version_of_the_package(gallery, monkeypatch):
    pictures = drawn(gallery(), view())
    monkeypatch.setattr(module, "_build", lambda: ["newer"])
    assert gallery().find(view()) is None
    assert pictures.find(view()) is None, "kernels and programs that start now are of another version"
    assert drawn(pictures, view(age=3)).find(view(age=3)) is None


def test_what_was_drawn_while_the_data_changed_is_thrown_away(gallery, tmp_path):
    written(tmp_path, "shop", "move")
    pictures = drawn(gallery(), view())
    assert pictures.find(view()) is None


def test_a_view_that_cannot_be_drawn_is_tried_once(gallery, tmp_path, caplog):
    caplog.set_level("INFO", "retention_kit.serving.pictures")
    written(tmp_path, "shop", "fail")
    pictures = drawn(gallery(), view(), view("kiosk"))
    assert pictures.find(view()) is None
    assert pictures.find(view("kiosk")) is not None, "one that fails must not hold up the next"
    assert "No picture of cohorts over shop: no such luck" in caplog.text
    caplog.clear()
    drawn(pictures, view())
    assert not caplog.text


def test_what_failed_is_tried_again_after_a_while(gallery, tmp_path, monkeypatch):
    written(tmp_path, "shop", "fail")
    monkeypatch.setenv("ONCE", "1")
    pictures = drawn(gallery(), view())
    monkeypatch.setattr(module, "_RETRY_S", 0)
    (tmp_path / "shop.toml").write_text((tmp_path / "shop.toml").read_text())
    pictures._environment["FORGIVE"] = "1"
    assert drawn(pictures, view()).find(view()) == {"out": "fail|month|1"}


def test_stopping_ends_what_is_being_drawn(gallery, tmp_path):
    written(tmp_path, "shop", "wait")
    pictures = gallery()

    pictures.want(view())
    pictures.want(view("kiosk"))
    worker = pictures._worker
    until(lambda: pictures._process is not None)
    process = pictures._process
    pictures.stop()
    worker.join(20)
    assert process.returncode is not None
    assert pictures.find(view("kiosk")) is None
    pictures.want(view("kiosk"))
    assert finished(pictures).find(view("kiosk")) is None


def test_a_server_that_stops_waits_for_no_other_and_draws_nothing_more(gallery, tmp_path):
    first, second = gallery(), gallery()
    written(tmp_path, "shop", "wait")
    first.want(view())
    until(lambda: first._process is not None)
    second.want(view())  # waits until the first has drawn it, or has not
    worker = second._worker
    second.stop()
    assert worker.daemon
    first.stop()
    worker.join(20)
    assert second._process is None
    assert second.find(view()) is None


def test_a_program_that_hangs_is_ended(gallery, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "retention_kit.serving.pictures")
    monkeypatch.setattr(module, "_LIMIT_S", 0.5)
    written(tmp_path, "shop", "wait")
    drawn(gallery(), view())
    assert "No picture of cohorts over shop" in caplog.text


def test_of_many_views_that_were_asked_for_the_oldest_give_way(gallery, monkeypatch):
    monkeypatch.setattr(module, "_WAITING", 2)
    monkeypatch.setattr(Pictures, "_start", lambda self: None)
    pictures = gallery()
    for age in (1, 2, 3):
        pictures.want(view(age=age))
    assert [one.parameters.age for one in pictures._asked.values()] == [2, 3]


def test_every_first_view_is_drawn_but_those_that_were_asked_for_come_before(gallery, monkeypatch):
    order = []
    monkeypatch.setattr(module, "_WAITING", 2)
    monkeypatch.setattr(Pictures, "_draw", lambda self, key, view: order.append(view.parameters.age))
    pictures = gallery()
    with monkeypatch.context() as later:
        later.setattr(Pictures, "_start", lambda self: None)
        pictures.want_all(view(age=age) for age in range(1, 6))
        pictures.want(view(age=9))
    pictures.want_all([])
    finished(pictures)
    assert order == [9, 1, 2, 3, 4, 5]


def test_of_many_pictures_those_that_nobody_looks_at_are_removed(gallery, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_KEPT", 2)
    pictures = drawn(gallery(), view(age=1), view(age=2))
    assert pictures.find(view(age=1)) is not None
    drawn(pictures, view(age=3))
    assert [pictures.find(view(age=age)) is not None for age in (1, 2, 3)] == [True, False, True]
    assert len(list((tmp_path / "cache").rglob("*.digest"))) == 2


def test_a_damaged_picture_is_no_picture(gallery, tmp_path):
    pictures = drawn(gallery(), view())
    (path,) = (tmp_path / "cache").rglob("*.json")
    path.write_text('{"cells": {"out": "half')
    assert pictures.find(view()) is None


def test_without_a_program_or_without_its_data_nothing_is_drawn(gallery, datasets):
    nothing = Pictures(datasets, program=(), environment={})
    assert drawn(nothing, view()).find(view()) is None
    pictures = gallery()
    datasets["shop"].with_suffix(".csv").unlink()
    assert drawn(pictures, view(), view("nowhere")).find(view()) is None
    assert pictures._worker is None


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", 'source = "~nobody-at-all/shop.csv"', "a = " + 2000 * "[", "n = " + 5000 * "9"],
    ids=["empty", "no table", "home of nobody", "nested", "huge number"],
)
def test_a_dataset_file_that_is_broken_has_no_picture_and_no_error(gallery, datasets, text):
    pictures = gallery()
    broken = text.replace("source", "[orders]\nsource") if text.startswith("source") else text
    datasets["shop"].write_text(broken)
    assert drawn(pictures, view()).find(view()) is None


def test_how_long_a_page_usually_takes_is_the_median_of_the_last_ones(gallery):
    pictures = gallery()
    assert pictures.usual_seconds(view()) is None
    for seconds in (1, 9, 2):
        pictures.took(view(), seconds)
    assert pictures.usual_seconds(view()) == 2


def test_an_address_names_the_view_that_the_kernel_will_show():
    notebook = view(text="grain = 'quarter'").notebook
    notebook.node.cells[0].metadata["tags"] = ["parameters"]
    assert view_at(notebook, "dataset=kiosk", ["shop", "kiosk"]).parameters == CohortParameters(
        dataset="kiosk", grain="quarter"
    )
    assert [(one.dataset, one.parameters.grain) for one in first_views([notebook], ["shop", "kiosk"])] == [
        ("shop", "quarter"),
        ("kiosk", "quarter"),
    ]
