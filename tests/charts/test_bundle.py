from importlib.metadata import version

from retention_kit.charts.bundle import chart_library, vega_bundle


def test_bundle_is_kept_under_its_version(tmp_path, monkeypatch):
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path / "cache"))
    script = vega_bundle()
    kept = tmp_path / "cache" / f"vega-{version('vl-convert-python')}.js"
    assert "vegaEmbed" in script
    assert kept.read_text("utf-8") == script
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_kept_bundle_is_read_not_made(tmp_path, monkeypatch):
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path))
    (tmp_path / f"vega-{version('vl-convert-python')}.js").write_text("kept", "utf-8")
    assert vega_bundle() == "kept"


def test_bundle_is_there_without_a_cache_to_keep_it_in(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path / "file"))
    assert "vegaEmbed" in vega_bundle()


def test_bundle_loads_nothing_from_elsewhere():
    script = vega_bundle()
    assert "cdn.jsdelivr.net" not in script
    assert "unpkg.com" not in script


def test_library_is_the_bundle_handed_to_the_charts_that_wait():
    library = chart_library()
    assert library.startswith(vega_bundle())
    assert "resolveVega?.(window.vegaEmbed)" in library
