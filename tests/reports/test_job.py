import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retention_kit.errors import BusyError, ParameterError, ReportError
from retention_kit.reports.job import Job, slug

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path / "out", "cohorts-shop")


def finished(folder, text="new"):
    place = folder / "finished"
    place.mkdir()
    (place / "report.html").write_text(text)
    return place


@pytest.mark.parametrize("name", ["../../etc", "", "Müller & Söhne", "a/b", "x" * 300, "..", "日本"])
def test_a_slug_is_always_a_plain_folder_name(name):
    assert re.fullmatch(r"[a-z0-9_-]{0,60}", slug(name))


def test_names_that_look_alike_get_folders_of_their_own():
    assert len({slug(name) for name in ("shop", "Shop", "shop!", "müller", "möller")}) == 5


def test_each_run_is_published_beside_the_last_and_latest_moves_on(job):
    with job.run_folder() as folder:
        first = job.publish(finished(folder, "first"), started_at=NOON)
    with job.run_folder() as folder:
        second = job.publish(finished(folder, "second"), started_at=NOON)
    assert [first.name, second.name] == ["20260131T120000Z", "20260131T120000Z-2"]
    assert (job.folder / "latest" / "report.html").read_text() == "second"
    assert (first / "report.html").read_text() == "first"


def test_where_links_are_not_allowed_latest_is_a_file(job, monkeypatch):
    def refuse(*_, **__):
        raise OSError

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with job.run_folder() as folder:
        place = job.publish(finished(folder), started_at=NOON)
    assert (job.folder / "latest.txt").read_text() == f"{place.name}\n"


def test_a_run_folder_is_empty_private_and_gone_afterwards(job):
    stale = job.out / ".runs" / job.name
    stale.mkdir(parents=True)
    (stale / "result.json").write_text("{}")
    with job.run_folder() as folder:
        assert list(folder.iterdir()) == []
        assert (folder.parent.stat().st_mode & 0o077) == 0
    assert not folder.exists()


def test_a_second_run_of_the_job_is_refused_and_another_job_is_not(job):
    with (
        job.run_folder(),
        Job(job.out, "cohorts-other").run_folder(),
        pytest.raises(BusyError, match="Wait"),
        job.run_folder(),
    ):
        pass
    with job.run_folder():
        pass


def publish(job, dataset):
    with job.run_folder() as folder:
        job.claim(dataset)
        job.publish(finished(folder), started_at=NOON)


def test_a_job_publishes_one_dataset_only(job, tmp_path):
    first, second = tmp_path / "north" / "shop.toml", tmp_path / "south" / "shop.toml"
    for file in (first, second):
        file.parent.mkdir()
        file.touch()
    publish(job, str(first))
    publish(job, str(first))
    with pytest.raises(ParameterError, match="of another dataset"):
        publish(job, str(second))
    assert len([path for path in job.folder.iterdir() if path.name != "latest"]) == 2


def test_a_dataset_that_was_moved_keeps_its_job(job, tmp_path):
    (tmp_path / "shop.toml").touch()
    publish(job, str(tmp_path / "shop.toml"))
    (tmp_path / "shop.toml").rename(tmp_path / "store.toml")
    publish(job, str(tmp_path / "store.toml"))
    with pytest.raises(ParameterError, match="of another dataset"):
        publish(job, "store")


def test_files_of_a_failed_run_are_kept_as_far_as_they_are_there(job):
    with job.run_folder() as folder:
        (folder / "log.txt").write_text("why")
        place = job.set_aside([folder / "log.txt", folder / "executed.ipynb"], started_at=NOON)
    assert place == job.folder / "failed" / "20260131T120000Z"
    assert [file.name for file in place.iterdir()] == ["log.txt"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ReportError, match="cannot be written to"), Job(tmp_path / "out", "x").run_folder():
        pass
