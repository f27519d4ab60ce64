"""A report on paper, printed by a real Chromium."""

import re
import sys
from pathlib import Path

import pypdf
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import shops

from retention_kit import formats
from retention_kit.reports import run_report

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def published(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pdf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETENTION_CHROMIUM", chromium)
        shop = shops.write_shop(folder)
        yield run_report(
            "cohorts",
            parameters={"dataset": str(shop), "breakdown": "channel"},
            out=folder / "reports",
            notebooks=NOTEBOOKS,
            pdf=True,
        )


@pytest.fixture(scope="module")
def paper(published):
    return pypdf.PdfReader(published.pdf)


def text_of(paper):
    return " ".join(" ".join(page.extract_text() for page in paper.pages).split())


def test_pdf_is_published_beside_the_page_and_the_manifest_names_it(published):
    assert published.pdf == published.folder / "report.pdf"
    assert published.manifest["pdf"] == "report.pdf"
    assert published.manifest["rerun"].endswith(" --pdf")
    names = {file.name for file in published.folder.iterdir()}
    assert names == {"report.html", "report.pdf", "report.ipynb", "manifest.json", "tables"}


def test_numbers_titles_and_labels_of_charts_are_text(published, paper):
    text = text_of(paper)
    headline = published.manifest["headline"][0]
    assert formats.value(headline["value"], "share") in text.replace("\xa0", " ")
    assert "store and web differ at" in text
    assert "age in months" in text  # stands in the pictures alone
    assert "Vega" not in text


def test_every_page_says_which_one_it_is(paper):
    pages = len(paper.pages)
    assert pages > 1
    for number, page in enumerate(paper.pages, start=1):
        text = " ".join(page.extract_text().split())
        assert re.search(rf"(?<!\d){number} / {pages}(?!\d)", text)
        assert "as of 2024-06-15" in text


def test_what_the_page_folds_away_is_on_paper(paper):
    text = text_of(paper)
    for words in ("smallest_cohort", "fingerprint", "rows read", "tables/cells.csv"):
        assert words in text


def test_nothing_on_paper_names_this_machine_or_runs(published, paper):
    content = published.pdf.read_bytes()
    names = [str(published.folder.parents[2]), str(Path.home()), "file:", "/tmp/", "paper.html", "JavaScript"]
    assert [name for name in names if len(name) > 5 and name.encode() in content] == []
    text = text_of(paper)
    assert [name for name in names if len(name) > 5 and name in text] == []
    links = [
        note.get_object()["/A"]["/URI"]
        for page in paper.pages
        for note in page.get("/Annots", [])
        if "/URI" in note.get_object().get("/A", {})
    ]
    assert [link for link in links if not link.startswith("https://")] == []


def test_paper_is_tagged_for_screen_readers_and_has_an_outline(paper):
    assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert paper.trailer["/Root"]["/Lang"] == "en"
    assert paper.outline
