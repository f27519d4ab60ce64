"""The cache builds once, trusts nothing, and leaves nothing half-built."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from retention_kit.data import cache
from retention_kit.data.cache import Store, cache_folder, clear, entries, file_digest
from retention_kit.errors import DataError


class Builder:
    """Writes a text and counts how often it was asked to."""

    def __init__(self, text="good"):
        self.text, self.calls = text, 0

    def __call__(self, path):
        self.calls += 1
        path.write_text(self.text)


@pytest.fixture
def store(tmp_path):
    return Store("abc123", tmp_path)


def test_a_file_is_built_once_and_read_afterwards(store, tmp_path):
    build = Builder()
    assert store.file("a.txt", build).read_text() == "good"
    store.file("a.txt", build)
    Store("abc123", tmp_path).file("a.txt", build)
    assert build.calls == 1


def test_another_fingerprint_has_files_of_its_own(store, tmp_path):
    store.file("a.txt", Builder("one"))
    assert Store("def456", tmp_path).file("a.txt", Builder("two")).read_text() == "two"


@pytest.mark.parametrize("damage", ["bad!", "", "good and more"])
def test_a_damaged_file_is_built_again(store, tmp_path, damage):
    path = store.file("a.txt", Builder())
    path.write_text(damage)
    for reader in (store, Store("abc123", tmp_path)):
        assert reader.file("a.txt", Builder()).read_text() == "good"


@pytest.mark.parametrize("record", ["", "not json", "[]", '{"other": 1}', '{"digest": "00"}'])
def test_a_file_without_its_digest_is_built_again(store, tmp_path, record):
    path = store.file("a.txt", Builder())
    path.with_name("a.txt.digest").write_text(record)
    build = Builder()
    Store("abc123", tmp_path).file("a.txt", build)
    assert build.calls == 1


@pytest.mark.parametrize("missing", ["a.txt", "a.txt.digest"])
def test_what_is_missing_is_built_again(store, tmp_path, missing):
    (store.file("a.txt", Builder()).parent / missing).unlink()
    build = Builder()
    assert Store("abc123", tmp_path).file("a.txt", build).read_text() == "good"
    assert build.calls == 1


def test_a_failing_build_leaves_nothing_and_the_next_one_succeeds(store):
    def fail(path):
        path.write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        store.file("a.txt", fail)
    assert [path.name for path in store.folder.iterdir() if not path.name.endswith(".lock")] == []
    assert store.file("a.txt", Builder()).read_text() == "good"


def test_a_failing_rebuild_keeps_no_damaged_file_in_use(store, tmp_path):
    path = store.file("a.txt", Builder())
    path.write_text("damaged")

    def fail(_path):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store.file("a.txt", fail)
    assert Store("abc123", tmp_path).file("a.txt", Builder()).read_text() == "good"


def test_scratch_lies_beside_the_files_and_is_removed(store):
    with store.scratch() as scratch:
        assert scratch.parent == store.folder
        (scratch / "x").write_text("x")
    assert not scratch.exists()


BUILD_SLOWLY = """
import os, sys, time
from pathlib import Path
from retention_kit.data.cache import Store
root = Path(sys.argv[1])

def build(path):
    with (root / "builds").open("a") as log:
        log.write(f"{os.getpid()}\\n")
    while len(list(root.glob("ready-*"))) < 4:
        time.sleep(0.005)
    path.write_text("good")

(root / f"ready-{os.getpid()}").touch()
print(Store("abc", root / "cache").file("a.txt", build).read_text())
"""


def test_four_processes_at_once_build_a_file_once(tmp_path):
    command = [sys.executable, "-c", BUILD_SLOWLY, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == ["good"] * 4
    assert len((tmp_path / "builds").read_text().split()) == 1


def test_entries_are_listed_largest_first_and_cleared(tmp_path):
    Store("small", tmp_path).file("a", Builder("x"))
    Store("large", tmp_path).file("a", Builder("x" * 1000))
    found = entries(tmp_path)
    assert [entry.fingerprint for entry in found] == ["large", "small"]
    assert found[0].size_bytes > 1000
    assert found[0].files == 3
    assert clear(tmp_path) == sum(entry.size_bytes for entry in found)
    assert entries(tmp_path) == []
    assert clear(tmp_path) == 0


def test_clearing_removes_what_older_versions_left_and_nothing_else(tmp_path):
    old = tmp_path / "v0" / "abc"
    old.mkdir(parents=True)
    (old / "a").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_folder_is_the_one_named_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    assert entries() == []
    monkeypatch.delenv("RETENTION_CACHE")
    monkeypatch.setattr(cache, "user_cache_path", lambda name: Path("/home/me/.cache") / name)
    assert cache_folder() == Path("/home/me/.cache/retention_kit")


def test_a_digest_is_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert file_digest(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")


@pytest.mark.parametrize("taken", [True, False])
def test_a_cache_that_cannot_be_written_names_the_variable_that_moves_it(tmp_path, monkeypatch, taken):
    if taken:
        (tmp_path / "cache").write_text("no folder")
    else:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DataError, match=r"cannot be written to\. Set RETENTION_CACHE"):
        Store("abc", tmp_path / "cache").file("x", lambda path: None)
