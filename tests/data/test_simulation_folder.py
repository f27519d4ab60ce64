"""The simulated shop as files: whole or not at all, and the sample that comes with the package."""

import csv
import json
import os
import tomllib
from datetime import date
from pathlib import Path

import duckdb
import pytest

from retention_kit.data.resolve import samples
from retention_kit.data.simulation import simulate, write_simulation
from retention_kit.errors import ParameterError

FILES = [
    "assignments.csv", "complaints.csv", "customers.csv", "orders.csv", "responses.csv", "subscriptions.csv",
    "truth.json",
]  # fmt: skip


@pytest.fixture(scope="module")
def shop():
    return simulate(customers=200, seed=4)


def test_folder_holds_the_dataset_file_and_what_it_reads(shop, tmp_path):
    path = write_simulation(shop, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "shop.toml"
    assert sorted(os.listdir(path.parent)) == ["shop", "shop.toml"]
    assert sorted(os.listdir(path.parent / "shop")) == FILES
    content = tomllib.loads(path.read_text("utf-8"))
    assert (content["time_zone"], content["currency"]) == ("Europe/Rome", "EUR")
    assert content["as_of"] == date(2024, 12, 31)
    assert [mark["label"] for mark in content["events"]["marks"]] == [label for _, label in shop.events]
    for name in shop.tables:
        with (path.parent / content[name]["source"]).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == shop.tables[name].num_rows
        assert set(content[name]["columns"].values()) == set(shop.tables[name].column_names)
        assert list(rows[0]) == shop.tables[name].column_names


def test_values_are_written_plainly(shop, tmp_path):
    write_simulation(shop, tmp_path)
    for name, table in shop.tables.items():
        with (tmp_path / "shop" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        for column in table.column_names:
            shown = ["" if value is None else str(value) for value in table[column].to_pylist()]
            expected = [value.lower() for value in shown] if column == "consent" else shown
            assert [row[column] for row in rows] == expected


def test_truth_is_written_to_be_read(shop, tmp_path):
    write_simulation(shop, tmp_path)
    truth = json.loads((tmp_path / "shop" / "truth.json").read_text("utf-8"))
    assert (truth["seed"], truth["customers"], truth["last_day"]) == (4, 200, "2024-12-31")
    assert truth["parameters"]["purchasing"]["rate_shape"] == 0.8
    assert truth["expected"]["subscriptions"]["yearly_share_left_after_renewals"][1] == 0.733333  # 2.2 / 3
    assert truth["expected"]["leaving_ratio_caused_by"]["country"] == 1


@pytest.mark.parametrize("name", ["shop", "shop.toml"])
def test_a_folder_with_a_shop_is_refused_and_left_alone(shop, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ParameterError, match=f"holds '{name}' already. Choose another folder"):
        write_simulation(shop, tmp_path)
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_other_files_in_the_folder_stay(shop, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write_simulation(shop, tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["notes.txt", "shop", "shop.toml"]


@pytest.mark.parametrize("broken", [1, 2])
def test_what_cannot_be_finished_leaves_nothing_behind(shop, tmp_path, monkeypatch, broken):
    from retention_kit.data.simulation import folder

    rename, calls = os.rename, []

    def failing(source, target):
        calls.append(target)
        if len(calls) == broken:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(folder.os, "rename", failing)
    with pytest.raises(ParameterError, match="cannot be written to: No space left on device"):
        write_simulation(shop, tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_file_in_the_place_of_the_folder_is_refused(shop, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ParameterError, match="cannot be written to"):
        write_simulation(shop, tmp_path / "file")


def test_the_sample_is_what_the_command_writes(tmp_path):
    made = write_simulation(simulate(), tmp_path).parent
    sample = samples()["shop"].parent
    for name in ["shop.toml", *(f"shop/{file}" for file in FILES)]:
        assert (made / name).read_bytes() == (sample / name).read_bytes(), name
    assert sorted(os.listdir(sample / "shop")) == FILES


def test_the_sample_is_small():
    folder = samples()["shop"].parent / "shop"
    assert sum(path.stat().st_size for path in folder.glob("*.csv")) < 1_500_000


def test_the_samples_readme_states_what_is_in_it():
    folder = samples()["shop"].parent
    text = (folder / "README.md").read_text("utf-8")
    for path in sorted((folder / "shop").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = sum(1 for _ in csv.DictReader(stream))
        assert f"| `shop/{path.name}` | {rows:,} |" in text


def test_nothing_of_the_sample_is_dropped():
    from retention_kit import open_dataset

    dataset = open_dataset("shop")
    folder = Path(samples()["shop"]).parent / "shop"
    for accounting in (dataset.accounting, *dataset.accountings.values()):
        assert not accounting.dropped
    assert set(dataset.tables) >= {path.stem for path in folder.glob("*.csv")}


def test_a_disk_that_refuses_is_a_sentence_and_nothing_is_left(tmp_path, monkeypatch):
    def full(shop, folder):
        (folder / "orders.csv").write_text("customer_id\n")
        raise duckdb.IOException("Could not write file: no space left on device")

    monkeypatch.setattr("retention_kit.data.simulation.folder._write_tables", full)
    with pytest.raises(ParameterError, match="cannot be written to; is the disk full"):
        write_simulation(simulate(customers=100), tmp_path)
    assert not list(tmp_path.iterdir())
