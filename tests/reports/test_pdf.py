"""Printing, with programs in Chromium's place that do what a browser can do wrong."""

import sys
from pathlib import Path

import psutil
import pytest

from retention_kit.errors import ReportError, TimeLimitError
from retention_kit.reports.pdf import NAMES, PRINT_LOG, VARIABLE, find_chromium, print_page

PAGE = """<title>Cohorts · Shop</title>
<p><a href="tables/cells.csv">tables/cells.csv</a> <a class="x" href='02.ipynb'>no</a>
<a href="https://example.org/a">paper</a> <a href="#top">up</a></p>
<script type="application/json">{"a": 1}</script><script>
alert(1)
</script><p>The end</p>"""
PRINTS = """
target = next(word for word in sys.argv if word.startswith("--print-to-pdf=")).partition("=")[2]
title = "{title}".encode("utf-16-be").hex().upper()
Path(target).write_text("%PDF-1.4 /Title <FEFF" + title + ">")
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are scripts with a first line")


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A function that makes a program of some lines of Python, and puts it on the path."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def program(source="", name="chromium"):
        file = tmp_path / "bin" / name
        head = f"#!{sys.executable}\nimport json, os, subprocess, sys, time\nfrom pathlib import Path\n"
        file.write_text(head + source, encoding="utf-8")
        file.chmod(0o755)
        return str(file)

    return program


@pytest.fixture
def printed(tmp_path):
    """A function that prints a page with a program, and returns the PDF."""

    def printed(chromium, **options):
        (tmp_path / "report.html").write_text(PAGE, encoding="utf-8")
        (tmp_path / "room").mkdir()
        pdf = tmp_path / "report.pdf"
        print_page(tmp_path / "report.html", pdf, chromium=chromium, room=tmp_path / "room", **options)
        return pdf

    return printed


def test_without_chromium_the_message_says_what_was_looked_for_and_what_else_can_be_done(program):
    with pytest.raises(ReportError) as caught:
        find_chromium()
    for words in (*NAMES, VARIABLE, "the HTML page prints from any browser"):
        assert words in str(caught.value)
    assert caught.value.exit_code == 4


def test_first_browser_on_the_path_is_taken_and_a_named_one_before_it(program, monkeypatch):
    chrome = program(name="google-chrome")
    assert find_chromium() == chrome
    chromium, own = program(), program(name="own-browser")
    assert find_chromium() == chromium
    for named in ("own-browser", own):
        monkeypatch.setenv(VARIABLE, named)
        assert find_chromium() == own


def test_named_program_that_is_not_there_is_an_error_even_when_another_one_is(program, monkeypatch):
    program()
    monkeypatch.setenv(VARIABLE, "/nowhere/chrome")
    with pytest.raises(ReportError, match="RETENTION_CHROMIUM names '/nowhere/chrome', which is no program"):
        find_chromium()


def test_named_program_is_found_from_here_wherever_it_is_started(program, tmp_path, monkeypatch):
    own = program(name="own-browser")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "./bin/own-browser")
    assert find_chromium() == own


def test_program_that_cannot_be_started_is_an_error_in_words(program, printed):
    junk = program(name="junk")
    Path(junk).write_bytes(b"\x00 no program")
    with pytest.raises(ReportError, match="'junk' cannot be started"):
        printed(junk)


def test_paper_has_no_scripts_and_no_links_to_files_of_this_machine(program, printed, tmp_path):
    printed(program(PRINTS.format(title="Cohorts · Shop")))
    paper = (tmp_path / "room" / "paper.html").read_text("utf-8")
    assert "script" not in paper
    assert "<a>tables/cells.csv</a>" in paper
    assert '<a class="x">no</a>' in paper
    assert '<a href="https://example.org/a">' in paper
    assert '<a href="#top">' in paper
    assert paper.endswith("<p>The end</p>")


def test_profile_is_private_and_nothing_is_printed_at_the_margins(program, printed, tmp_path):
    tell = "Path(sys.argv[0]).with_name('words').write_text(json.dumps(sys.argv))\n"
    printed(program(tell + PRINTS.format(title="Cohorts · Shop")))
    words = (tmp_path / "bin" / "words").read_text()
    assert str(tmp_path / "room" / "profile") in words
    assert "--no-pdf-header-footer" in words


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("sys.exit('No usable sandbox!')", 1),
        ("", 0),
        (PRINTS.format(title="report.html"), 0),  # the page of an error: it could not read ours
        ("os.kill(os.getpid(), 9)", -9),
    ],
)
def test_program_that_has_not_printed_the_page_is_an_error(program, printed, tmp_path, source, code):
    with pytest.raises(ReportError, match=f"'chromium' ended with code {code} and has not printed the page"):
        printed(program(source))
    said = (tmp_path / "room" / PRINT_LOG).read_text()
    assert said.strip() == ("No usable sandbox!" if code == 1 else "")


def test_program_that_hangs_is_ended_with_all_it_has_started(program, printed):
    hang = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\ntime.sleep(60)"
    with pytest.raises(TimeLimitError, match=r"not printed the PDF after 0\.5 seconds") as caught:
        printed(program(hang), timeout=0.5)
    assert caught.value.exit_code == 5
    assert not [child for child in psutil.Process().children(recursive=True) if child.is_running()]
