"""Execute the notebooks as a report would, and store them with their outputs.

``python -m tests.notebooks.store`` rewrites the files in place; the same code and data give the same bytes.
"""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from retention_kit.notebooks import NOTEBOOKS

FOLDER = Path(__file__).parents[2] / "notebooks"


def executed(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with the outputs of a static run, and nothing of the machine it ran on."""
    os.environ["RETENTION_SURFACE"] = "report"
    os.environ.pop("RETENTION_RUN_DIR", None)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main() -> None:
    """Store every notebook."""
    for notebook in NOTEBOOKS.values():
        path = FOLDER / notebook.file
        nbformat.write(executed(path), path)


if __name__ == "__main__":
    main()
