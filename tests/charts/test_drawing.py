import json

import pytest

from retention_kit.charts.drawing import DRAWINGS, TEMPLATES, write_templates


def test_templates_on_disk_are_what_altair_writes(tmp_path):
    written = write_templates(tmp_path)
    assert {path.name for path in written} == {path.name for path in TEMPLATES.iterdir()}
    stale = [path.name for path in written if path.read_bytes() != (TEMPLATES / path.name).read_bytes()]
    assert stale == []


def nodes(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(child)


@pytest.mark.parametrize("name", DRAWINGS)
def test_template_names_its_data_and_loads_nothing(name):
    spec = json.loads((TEMPLATES / f"{name}.json").read_text("utf-8"))
    sources = [node["data"] for node in nodes(spec) if isinstance(node, dict) and "data" in node]
    assert sources
    assert all(set(source) == {"name"} for source in sources)
    assert not [node for node in nodes(spec) if isinstance(node, dict) and {"url", "href"} & set(node)]


@pytest.mark.parametrize("name", DRAWINGS)
def test_template_has_title_and_description(name):
    spec = json.loads((TEMPLATES / f"{name}.json").read_text("utf-8"))
    assert spec["title"] == {"text": "@title", "subtitle": "@subtitle"}
    assert spec["description"] == "@description"
