"""A report's page on paper: printed to a PDF by the Chromium that is on the machine."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from retention_kit.errors import ReportError, TimeLimitError
from retention_kit.reports.execute import end_tree

__all__ = ["NAMES", "PRINT_LOG", "VARIABLE", "find_chromium", "print_page"]

VARIABLE = "RETENTION_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PRINT_LOG = "chromium.log"
LIMIT_S = 120.0
_INSTEAD = "or leave the PDF out: the HTML page prints from any browser."
# The page is complete without its scripts.
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
# A link to a file beside the page would carry the folders of this machine into the PDF.
_LINK_BESIDE = re.compile(r"""(<a\b[^>]*?)\shref=(["'])(?!https?:|mailto:|#).*?\2""")
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little shared memory
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--generate-pdf-document-outline",
    "--no-pdf-header-footer",
    "--print-to-pdf-no-header",  # what older ones call it
)


def find_chromium() -> str:
    """Return the path of the program that prints: what ``RETENTION_CHROMIUM`` names, or the first found.

    Raises
    ------
    ReportError
        When there is none.
    """
    named = os.environ.get(VARIABLE)
    found = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
    if found is None:
        none = (
            f"{VARIABLE} names {named!r}, which is no program"
            if named
            else f"none found of {', '.join(NAMES)}"
        )
        raise ReportError(
            f"A PDF needs Chromium or Google Chrome: {none}.",
            todo=f"Install one, name one with {VARIABLE}, {_INSTEAD}",
        )
    return os.path.abspath(found)  # it is started in another folder


def print_page(page: Path, pdf: Path, *, chromium: str, room: Path, timeout: float = LIMIT_S) -> None:
    """Print a page to a PDF: light colours, nothing folded, a number on each page.

    Parameters
    ----------
    page : Path
        A report's page.
    pdf : Path
        The file to write.
    chromium : str
        The program, as `find_chromium` returns it.
    room : Path
        A private folder that is removed afterwards, for Chromium's profile.
    timeout : float
        Limit in seconds.

    Raises
    ------
    ReportError
        When Chromium fails.
    TimeLimitError
        When it has not finished in time; it and all its processes are gone then.
    """
    paper, log = room / "paper.html", room / PRINT_LOG
    html = _LINK_BESIDE.sub(r"\1", _SCRIPT.sub("", page.read_text(encoding="utf-8")))
    paper.write_text(html, encoding="utf-8")
    command = [chromium, *_FLAGS, f"--user-data-dir={room / 'profile'}", f"--print-to-pdf={pdf}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--no-sandbox")  # as root it refuses to start with one; the page runs no scripts
    with log.open("wb") as stream:
        try:
            process = subprocess.Popen(  # noqa: S603 - a browser of the user's choice, no shell
                [*command, paper.as_uri()],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=room,
                start_new_session=True,  # Ctrl-C reaches the runner, which then ends it in order
            )
        except OSError as error:
            raise ReportError(
                f"{Path(chromium).name!r} cannot be started: {error.strerror}.",
                todo=f"Name another program with {VARIABLE}, {_INSTEAD}",
            ) from None
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeLimitError(
                f"Chromium had not printed the PDF after {timeout:g} seconds and has been ended.",
                todo=f"Try again, {_INSTEAD}",
            ) from None
        finally:
            end_tree(process.pid)
            process.wait()
    if process.returncode or not pdf.is_file() or _title(html) not in pdf.read_bytes():
        raise ReportError(
            f"{Path(chromium).name!r} ended with code {process.returncode} and has not printed the page.",
            todo=f"Name another program with {VARIABLE}, {_INSTEAD}",
        )


def _title(html: str) -> bytes:
    """Return the beginning of the page's title as a PDF has it: a page that cannot be read has another."""
    start = html.partition("<title>")[2][:8]
    return b"/Title <FEFF" + start.encode("utf-16-be").hex().upper().encode()
