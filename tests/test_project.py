"""The project's own promises: documents that agree with the code, a lock that is exact."""

import re
import tomllib
from pathlib import Path

import pytest

from retention_kit.errors import RetentionKitError
from retention_kit.notebooks import NOTEBOOKS
from retention_kit.params import parameters_table

ROOT = Path(__file__).parents[1]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_readme_holds_the_table_of_parameters(name):
    table = parameters_table(NOTEBOOKS[name].parameters)
    marks = f"<!-- parameters {name} -->", f"<!-- /parameters {name} -->"
    assert "\n".join([marks[0], table, marks[1]]) in read("README.md")


def test_the_readme_explains_every_exit_code():
    table = dict(re.findall(r"^\| (\d+) \| (.+) \|$", read("README.md"), re.MULTILINE))
    kinds = [RetentionKitError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {str(kind.exit_code) for kind in kinds} <= set(table)


def test_every_file_the_readme_names_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", read("README.md"))
    names = [first or second for first, second in links]
    assert names
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_every_make_target_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", read("README.md"), re.MULTILINE))
    assert {"app", "test"} <= named <= targets


def test_the_lock_is_exact_with_hashes_and_names_no_index():
    lock = read("requirements.lock")
    blocks = re.split(r"\n(?=[a-z0-9])", lock.strip())
    assert all(re.match(r"[a-z0-9._-]+==\S+", block) and "--hash=sha256:" in block for block in blocks)
    assert "://" not in lock
    assert "index-url" not in lock


def test_every_dependency_is_locked():
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.match(r"[A-Za-z0-9._-]+", text).group().lower() for text in wanted}
    locked = set(re.findall(r"^([a-z0-9._-]+)==", read("requirements.lock"), re.MULTILINE))
    assert names <= locked


def test_the_conda_environment_installs_from_the_lock_and_allows_the_same_python():
    text = read("environment.yml")
    project = tomllib.loads(read("pyproject.toml"))
    assert "--requirement requirements.lock" in text
    assert "--require-hashes" in text
    assert f"python{project['project']['requires-python']}" in text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_named_in_the_schema_exists(name):
    assert (ROOT / "notebooks" / NOTEBOOKS[name].file).is_file()


def test_the_version_is_in_the_changelog():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert f"## {version}" in read("CHANGELOG.md")
