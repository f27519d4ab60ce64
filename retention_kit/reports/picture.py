"""A notebook's outputs as static HTML: what a page shows before its own kernel has started.

The server runs this module as a program of its own, ``python -m retention_kit.reports.picture FOLDER``.
``FOLDER`` holds ``request.json`` as for a report, and gets ``picture.json`` last of all. Standard input
is a lifeline, as in `execute`.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from retention_kit.charts.chart import picture
from retention_kit.errors import ReportError
from retention_kit.reports.execute import EXECUTED, OUTCOME, REQUEST, execute, hold_on
from retention_kit.reports.outcome import result_of
from retention_kit.reports.supervise import run_environment
from retention_kit.tables import escape

__all__ = ["PICTURE", "main", "outputs"]

PICTURE = "picture.json"
_NICENESS = 10  # somebody may be waiting for a live page at the same time
_TOOLS = ("Data", "CSV", "PNG")


def outputs(cells: list[dict[str, Any]], charts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what the executed cells show, as HTML by cell id; cells that show nothing are left out.

    Parameters
    ----------
    cells : list of dict
        The cells of an executed notebook.
    charts : mapping of name to Vega-Lite specification
        As recorded by the notebook.
    """
    shown = {cell["id"]: "".join(_output(one, charts) for one in cell.get("outputs", [])) for cell in cells}
    return {name: html for name, html in shown.items() if html}


def _output(output: Mapping[str, Any], charts: Mapping[str, Mapping[str, Any]]) -> str:
    data = output.get("data", {})
    name = output.get("metadata", {}).get("retention", {}).get("chart", "")
    if name in charts:
        return _chart(charts[name])
    html = "".join(data.get("text/html", ""))
    return f'<div class="rk-page rk-app-words">{html}</div>' if html else ""


def _chart(spec: Mapping[str, Any]) -> str:
    """The same elements as the live chart will have, so that the page does not move when it comes."""
    title = spec["title"]
    subtitle = "\n".join(title["subtitle"])
    light, dark = (
        f"data:image/svg+xml,{quote(picture(spec, dark=dark), safe='/:;=()')}" for dark in (False, True)
    )
    tools = "".join(f'<button class="rk-tool" type="button" disabled>{name}</button>' for name in _TOOLS)
    return (
        f'<div class="rk-page rk-chart"><h3 class="rk-chart-title">{escape(title["text"])}</h3>'
        f'<p class="rk-chart-subtitle">{escape(subtitle)}</p><div class="rk-chart-scroll" tabindex="0">'
        f'<div class="rk-chart-picture" role="img" aria-label="{escape(spec["description"])}">'
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}"><img src="{light}" alt="">'
        f'</picture></div></div><div class="rk-chart-tools">{tools}</div></div>'
    )


def _charts(folder: Path, result: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for chart in result["charts"]:
        yield chart["name"], json.loads((folder / chart["file"]).read_text(encoding="utf-8"))


def main() -> None:
    """Run the notebook in the folder named on the command line, and leave its picture there."""
    folder = Path(sys.argv[1]).resolve()
    threading.Thread(target=hold_on, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    os.environ.update(run_environment(folder))
    execute(folder, on_cell=lambda done, cells: None)
    outcome = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
    asked = json.loads((folder / REQUEST).read_text(encoding="utf-8"))["parameters"]
    try:
        result = result_of(folder, outcome, asked=asked)
    except ReportError as error:
        sys.exit(str(error))
    cells = json.loads((folder / EXECUTED).read_text(encoding="utf-8"))["cells"]
    made = {"cells": outputs(cells, dict(_charts(folder, result)))}
    (folder / PICTURE).write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
