"""The scripts: only from their folders, small, and for good."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from voila.configuration import VoilaConfiguration

from retention_kit.charts.bundle import chart_library
from retention_kit.serving.assets import frontend_config

LIBRARY = '<link rel="modulepreload" href="'


def test_front_end_loads_widgets_only_and_nothing_from_elsewhere() -> None:
    config = frontend_config(VoilaConfiguration(extension_allowlist=["anywidget"]))
    assert [one["name"] for one in config["federated_extensions"]] == ["anywidget"]
    assert "://" not in str(config)


@pytest.mark.parametrize("tag", ['<script async src="', LIBRARY])
def test_scripts_are_packed_and_kept_by_the_browser(serving: Callable[..., Any], tag: str) -> None:
    async def scenario(client: Any) -> None:
        page = (await client.get("/voila/render/01_cohorts.ipynb")).body.decode()
        address = page.split(tag)[1].split('"')[0]
        packed = await client.get(address, headers={"Accept-Encoding": "gzip"}, decompress_response=False)
        plain = await client.get(address, decompress_response=False)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "immutable" in packed.headers["Cache-Control"]
        assert packed.headers["Content-Type"] == "text/javascript"
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body) / 2

    serving(scenario)


def test_chart_library_is_the_one_that_charts_wait_for(serving: Callable[..., Any]) -> None:
    async def scenario(client: Any) -> None:
        page = (await client.get("/voila/render/01_cohorts.ipynb")).body.decode()
        library = await client.get(page.split(LIBRARY)[1].split('"')[0])
        assert library.body == chart_library().encode()

    serving(scenario)


def test_no_path_leads_out_of_the_folders(serving: Callable[..., Any]) -> None:
    async def scenario(client: Any) -> None:
        page = (await client.get("/voila/render/01_cohorts.ipynb")).body.decode()
        root = page.split('<script async src="')[1].split("voila.js")[0]
        for path in ("nope.js", "../../../../__init__.py", "..%2f..%2f__init__.py", "%2fetc%2fpasswd", "."):
            assert (await client.get(root + path)).code == 404

    serving(scenario)
