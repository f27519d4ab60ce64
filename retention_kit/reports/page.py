"""One self-contained page from an executed notebook: opens from disk, needs no network and no server.

Charts are pictures first; one inlined bundle brings them to life where scripts may run. The page's
Content-Security-Policy names its two scripts by hash, so that nothing else on it can ever run.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from retention_kit import formats
from retention_kit.charts.bundle import vega_bundle
from retention_kit.charts.chart import picture
from retention_kit.charts.theme import LIGHT, css, dark_colours, dark_script
from retention_kit.errors import ReportError
from retention_kit.tables import plain

__all__ = ["LARGEST_PAGE", "Block", "blocks", "chart_tools", "page", "script_json"]

LARGEST_PAGE = 3_000_000  # bytes; about what a phone loads before its reader gives up
_SENTENCE = 200  # bytes; what stands in for an output is smaller
FRACTIONS = ("fraction", "share", "rate")  # shown as percent
IN_SCRIPT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


@dataclass(frozen=True)
class Block:
    """A piece of the page: ``prose``, ``chart``, ``html`` or ``text``.

    A chart whose title is empty has it in its picture.
    """

    kind: str
    content: str | Markup
    chart: str = ""
    alt: str = ""
    width: str = ""
    title: str = ""
    subtitle: str = ""


def page(
    notebook: Any,
    *,
    title: str,
    question: str,
    manifest: Mapping[str, Any],
    charts: Mapping[str, Mapping[str, Any]],
) -> tuple[str, list[str]]:
    """Return the page, and what had to be left out of it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed and cleaned.
    title, question : str
        What the page is called, and what it answers.
    manifest : mapping
        The report's manifest; header and footer are made from it.
    charts : mapping of name to Vega-Lite specification
        With data inline; a chart output whose name is here comes to life.

    Returns
    -------
    tuple of str and list of str
        The page, and a sentence for each chart that stays a picture, and each output left out, because
        the page would grow past `LARGEST_PAGE`.

    Raises
    ------
    ReportError
        When the page is too large without any output.
    """
    shown = [_titled(block, charts) for block in blocks(notebook)]
    # vega-embed lets a specification's usermeta override the page's options.
    live = {
        block.chart: script_json({**charts[block.chart], "usermeta": {"dark": dark_colours()}})
        for block in shown
        if block.kind == "chart" and block.chart in charts
    }
    rows = _rows(manifest["row_accounting"])
    context = {"title": title, "question": question, "manifest": manifest, "blocks": shown, "rows": rows}
    omitted: dict[int, str] = {}  # by the place in ``shown``: only the last word on each is told
    html = _rendered(context, live, [])
    while (size := len(html.encode())) > LARGEST_PAGE:
        place, sentence = _lightened(shown, live, size=size)
        omitted[place] = sentence
        html = _rendered(context, live, list(omitted.values()))
    return html, list(omitted.values())


def _lightened(shown: list[Block], live: dict[str, str], *, size: int) -> tuple[int, str]:
    """Take the largest part off a page, a chart's data before its picture; say where, and what was taken."""
    weights = [
        len(block.content.encode()) + len(live.get(block.chart, "").encode()) if block.kind != "prose" else 0
        for block in shown
    ]
    heaviest = max(weights, default=0)
    if heaviest <= _SENTENCE:
        raise ReportError(
            f"The page has {size:,} bytes, the limit is {LARGEST_PAGE:,}, and nothing can be left out.",
            todo="Choose a coarser grain, fewer ages, or fewer groups.",
        )
    place = weights.index(heaviest)
    block = shown[place]
    if live.pop(block.chart, None) is not None:
        return place, f"Chart {block.chart!r} is a picture only: with its data the page would be too large."
    what = f"Chart {block.chart!r}" if block.kind == "chart" else "An output"
    sentence = f"{what} is left out: with it the page would be too large."
    shown[place] = replace(block, kind="text", content=sentence, chart="")
    return place, sentence


def blocks(notebook: Any) -> Iterator[Block]:
    """Yield what a reader sees of a notebook: prose and outputs, neither code nor errors.

    The first heading is left out, because the page's header says it; so are the cells that only set
    parameters or record the result.
    """
    heading_to_come = True
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            source = cell.source
            if heading_to_come and re.match(r"# ", source):
                source = source.partition("\n")[2]
            heading_to_come = False
            if source.strip():
                yield Block("prose", _prose(source))
        elif cell.cell_type == "code" and not _is_machinery(cell):
            for output in cell.outputs:
                yield from _output(output)


def _titled(block: Block, charts: Mapping[str, Mapping[str, Any]]) -> Block:
    """Take a chart's title out of its picture: as text it wraps, can be selected, and is read aloud."""
    title = charts[block.chart].get("title") if block.chart in charts else None
    if not title:
        return block
    title = title if isinstance(title, Mapping) else {"text": title}
    text, subtitle = (_lines(title.get(part, "")) for part in ("text", "subtitle"))
    drawn = _chart(block.chart, picture(charts[block.chart]), alt=block.alt)
    return replace(drawn, title=" ".join(text), subtitle="\n".join(subtitle))


def _lines(text: str | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else text


def script_json(value: object) -> str:
    r"""Return JSON that nothing can break out of a ``<script>`` element with.

    >>> script_json({"title": "</script>"})
    '{"title":"\\u003c/script\\u003e"}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(IN_SCRIPT)


@cache
def chart_tools() -> dict[str, str]:
    """Return the versions of the chart libraries that are built into the page."""
    import vl_convert

    return {"vega-lite": vl_convert.get_vegalite_versions()[-1], "vega": vl_convert.get_vega_version()}


def _output(output: Any) -> Iterator[Block]:
    if output.output_type == "stream":
        yield from _text("".join(output.text) if output.name == "stdout" else "")
    elif output.output_type in ("display_data", "execute_result"):
        data = output.data
        name = output.metadata.get("retention", {}).get("chart", "")
        if name and "image/svg+xml" in data:
            yield _chart(name, data["image/svg+xml"], alt=data.get("text/plain", ""))
        elif "text/html" in data:
            yield Block("html", Markup(data["text/html"]))  # noqa: S704 - made by our escaping renderers
        else:
            yield from _text(data.get("text/plain", ""))


def _text(text: str) -> Iterator[Block]:
    if text.strip():
        yield Block("text", text.strip("\n"))


def _chart(name: str, svg: str, *, alt: str) -> Block:
    # As an image, an SVG runs no script and its ids cannot clash with those of its neighbours.
    picture = base64.b64encode(svg.encode()).decode()
    width = re.search(r'<svg[^>]*?\swidth="([\d.]+)', svg)
    source = f"data:image/svg+xml;base64,{picture}"
    return Block("chart", source, chart=name, alt=alt or name, width=width[1] if width else "")


def _is_machinery(cell: Any) -> bool:
    return bool({"parameters", "injected-parameters", "record"} & set(cell.metadata.get("tags", [])))


def _prose(source: str) -> Markup:
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return Markup(MarkdownWithMath(renderer=renderer).render(source))  # noqa: S704 - the author's own prose


def _rendered(context: Mapping[str, Any], live: Mapping[str, str], omitted: Sequence[str]) -> str:
    scripts = [vega_bundle(), _part("page.js") + dark_script()] if live else []
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    return _template().render(
        **context,
        omitted=omitted,
        live={name: Markup(text) for name, text in live.items()},  # noqa: S704 - escaped by script_json
        scripts=[Markup(text) for text in scripts],  # noqa: S704 - our own
        script_sources=" ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'",
        style=Markup(css() + _part("page.css") + _foot(context)),  # noqa: S704 - our own
    )


def _foot(context: Mapping[str, Any]) -> str:
    """Return the style of printed pages, with what the report is and the page's number at their foot."""
    data = context["manifest"]["dataset"]
    words = f"{context['title']} \N{MIDDLE DOT} {data['title']} \N{MIDDLE DOT} as of {data['as_of']}"
    # Inside a style sheet nothing is text of its own accord: each sign is spelt by its number.
    spelt = "".join(sign if sign.isalnum() else f"\\{ord(sign):x} " for sign in words)
    box = f"color: {LIGHT.muted}; font: 8pt sans-serif"
    left = f'@bottom-left {{ content: "{spelt}"; {box}; width: 80% }}'
    right = f'@bottom-right {{ content: counter(page) " / " counter(pages); {box} }}'
    return f"@media print {{ @page {{ margin: 16mm 15mm 18mm; {left} {right} }} }}\n"


def _part(name: str) -> str:
    return (files("retention_kit.reports") / "templates" / name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    surroundings = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    surroundings.filters.update(plain=plain, number=number, interval=interval, words=_words)
    return surroundings.from_string(_part("page.html.jinja"))


def number(value: Any, unit: str = "") -> str:
    """Return a headline number for reading; the exact one stands beside it in the page's source.

    >>> number(2357), number(0.48512, "fraction").split(), number("-1234.50", "USD")
    ('2,357', ['48.5', '%'], '−1,234.50 USD')
    >>> number(-0.057, "points").split()
    ['−5.7', 'points']
    """
    if value is None:
        return "—"
    if unit == "points":
        return formats.value(float(value), unit).replace(" ", "\N{NO-BREAK SPACE}")
    if unit == "probability":
        return formats.probability(float(value)).replace(" %", "\N{NO-BREAK SPACE}%")
    if unit in FRACTIONS:
        return f"{float(value):.1%}".replace("%", "\N{NO-BREAK SPACE}%").replace("-", "\N{MINUS SIGN}")
    shown = f"{value:,}" if isinstance(value, int) else f"{float(value):,.2f}"
    shown = shown.replace("-", "\N{MINUS SIGN}")
    return f"{shown} {unit}" if unit else shown


def interval(row: Mapping[str, Any]) -> str:
    """Return a headline row's interval in words, or nothing when it has none."""
    low, high = row.get("ci_low"), row.get("ci_high")
    if low is None or high is None:
        return ""
    unit = row.get("unit") or ""
    first = number(low, unit)
    if unit not in FRACTIONS:
        first = first.removesuffix(unit).rstrip()
    return f"{first} to {number(high, unit)}"


def _rows(accounted: Mapping[str, Mapping[str, Any]]) -> dict[str, int] | None:
    """Return the rows kept and left out of all tables; rows that were netted are in the numbers."""
    if not accounted:
        return None
    kept = sum(table["kept"] for table in accounted.values())
    read = sum(table["rows_read"] - table.get("netted", 0) for table in accounted.values())
    return {"kept": kept, "left_out": read - kept}


def _words(value: Any) -> str:
    """Return a recorded value for the footer's lists; nested counts become one line."""
    if isinstance(value, Mapping):
        return " ".join(_words(item) for item in reversed(list(value.values())))  # rows, then the reason
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_words, value)) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else plain(value) or "—"
