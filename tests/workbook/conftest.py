"""A small shop on disk, and views of it on each surface."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import shops

from retention_kit.workbook.cohorts import cohort_view


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The dataset file of the small shop."""
    return shops.write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def nasty(tmp_path_factory):
    """The dataset file of a shop whose texts try to be markup."""
    return shops.nasty_shop(tmp_path_factory.mktemp("nasty"))


@pytest.fixture
def on(monkeypatch):
    """A function that chooses the surface: ``on("app", datasets={...}, address="grain=week")``."""

    def choose(surface, *, datasets=None, address=""):
        monkeypatch.setenv("RETENTION_SURFACE", surface)
        monkeypatch.setenv("QUERY_STRING", address)
        if datasets:
            named = {name: str(path) for name, path in datasets.items()}
            monkeypatch.setenv("RETENTION_DATASETS", json.dumps(named))

    monkeypatch.delenv("RETENTION_DATASETS", raising=False)
    return choose


@pytest.fixture
def in_lab(on, shop):
    """A function that opens the shop as an analyst does."""

    def view(**parameters):
        on("notebook")
        return cohort_view({"dataset": str(shop), **parameters})

    return view


@pytest.fixture
def in_app(on, shop):
    """A function that opens the shop as a viewer of the served app does."""

    def view(address="", datasets=None, **parameters):
        on("app", datasets=datasets or {"shop": shop}, address=address)
        return cohort_view({"dataset": "cdnow", **parameters})

    return view


@pytest.fixture
def in_report(on, shop):
    """A function that opens the shop as a report run does."""

    def view(**parameters):
        on("report")
        return cohort_view({"dataset": str(shop), **parameters})

    return view


def walk(widget):
    """A widget and everything in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


@pytest.fixture
def parts():
    """A function that lists a widget and everything in it."""
    return lambda widget: list(walk(widget))
