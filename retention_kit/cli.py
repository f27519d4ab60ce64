"""The ``retention`` command: arguments in, exit codes out, no logic of its own."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, cast

import typer
from typer.models import OptionInfo

from retention_kit.errors import ChoiceError, ParameterError, RetentionKitError

__all__ = ["app", "main"]

app = typer.Typer(
    name="retention",
    help="Cohort tables, churn curves and customer value: from a CSV to a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# JupyterLab asks the network for news and extensions unless it is told not to.
_OFFLINE = (
    "--LabApp.extension_manager=readonly",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)
_LAB_SETTINGS = Path(__file__).parent / "workbook"  # its labconfig/ keeps JupyterLab from asking about news

Setting = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Decide a key. Repeatable.")
]


def _day_option(flag: str, default: str, text: str) -> OptionInfo:
    option = typer.Option(flag, formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", show_default=default, help=text)
    return cast(OptionInfo, option)


def main() -> None:
    """Run the command; an error the user can put right is a sentence and an exit code."""
    try:
        app()
    except RetentionKitError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def init(
    source: Annotated[Path, typer.Argument(help="CSV, TSV, Excel or Parquet file, or a glob.")],
    out: Annotated[
        Path | None, typer.Option(help="Dataset file to write; default: beside the source.")
    ] = None,
    settings: Setting = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a dataset file that exists.")] = False,
) -> None:
    """Write a dataset file for a source: guess its mapping, print a profile, say what to type next."""
    from retention_kit.data.scaffold import init_dataset

    try:
        made = init_dataset(source, out=out, settings=_pairs(settings), overwrite=overwrite)
    except ChoiceError as error:
        options = " or ".join(f"--set {shlex.quote(f'{error.key}={choice}')}" for choice in error.choices)
        typer.echo(f"Error: {error.message} Decide with {options}.", err=True)
        raise typer.Exit(error.exit_code) from None
    typer.echo(made.profile)
    typer.echo(f"\nWritten: {made.path}\nNext:    {made.next_command}")


@app.command()
def check(dataset: Annotated[str, typer.Argument(help="Dataset file or sample.")]) -> None:
    """Say where every row of a dataset went, and what looks odd."""
    from retention_kit.data.check import check_dataset

    typer.echo(check_dataset(dataset).text)


@app.command()
def params(notebook: Annotated[str, typer.Argument(help="Name of the notebook.")] = "cohorts") -> None:
    """Print the documented parameters of a notebook."""
    from retention_kit.notebooks import notebook as find
    from retention_kit.params import parameters_table

    typer.echo(parameters_table(find(notebook).parameters))


@app.command()
def report(
    notebook: Annotated[str, typer.Argument(help="Name of the notebook.")],
    dataset: Annotated[str, typer.Option(help="Sample or dataset file.")] = "cdnow",
    settings: Setting = None,
    out: Annotated[Path, typer.Option(help="Folder of the reports.")] = Path("reports"),
    name: Annotated[
        str, typer.Option(help="What the report's folder is called; default: notebook and dataset.")
    ] = "",
    timeout: Annotated[float, typer.Option(help="Time limit of the notebook, in seconds.")] = 1800.0,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print it as a PDF too; needs Chromium.")] = False,
) -> None:
    """Run a notebook as a report and publish it."""
    from retention_kit.notebooks import notebook as find
    from retention_kit.params import assignments
    from retention_kit.progress import shown_progress
    from retention_kit.reports import run_report
    from retention_kit.resources import notebooks_folder

    model = find(notebook).parameters
    values = {"dataset": dataset, **assignments(model, settings or [])}
    with shown_progress(find(notebook).title) as progress:
        published = run_report(
            notebook,
            parameters=values,
            out=out,
            notebooks=notebooks_folder(),
            name=name,
            timeout=timeout,
            pdf=pdf,
            progress=progress,
        )
    typer.echo(f"Published: {published.page}")
    if published.pdf:
        typer.echo(f"As a PDF:  {published.pdf}")


@app.command()
def serve(
    datasets: Annotated[
        list[str] | None, typer.Argument(help="Dataset files or samples; default: cdnow.")
    ] = None,
    host: Annotated[str, typer.Option(help="Interface to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8866,
    token: Annotated[
        str | None, typer.Option(help="What viewers must bring.", envvar="RETENTION_TOKEN")
    ] = None,
    max_kernels: Annotated[int, typer.Option(help="Viewers at the same time.")] = 8,
    idle_timeout: Annotated[float, typer.Option(help="Seconds until an idle viewer's kernel ends.")] = 600.0,
) -> None:
    """Serve the notebooks as read-only apps."""
    from retention_kit.resources import notebooks_folder
    from retention_kit.serving import serve as serve_apps
    from retention_kit.serving.registry import registry

    serve_apps(
        registry(datasets or ["cdnow"]),
        notebooks=notebooks_folder(),
        painter=("-m", "retention_kit.reports.picture"),
        announce=lambda address: typer.echo(f"The workbook is at {address}"),
        host=host,
        port=port,
        token=token,
        max_kernels=max_kernels,
        idle_timeout=idle_timeout,
    )


@app.command()
def lab(
    datasets: Annotated[
        list[str] | None, typer.Argument(help="Dataset files or samples to choose from.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of JupyterLab.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Open the notebooks in JupyterLab, with datasets to choose from."""
    from retention_kit.resources import notebooks_folder
    from retention_kit.serving.registry import registry

    known = {name: str(path) for name, path in registry(datasets or ["cdnow"]).items()}
    options = [f"--ServerApp.root_dir={notebooks_folder()}", f"--ServerApp.port={port}", *_OFFLINE]
    command = [sys.executable, "-m", "jupyter", "lab", *options, *([] if browser else ["--no-browser"])]
    paths = [str(_LAB_SETTINGS), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    environment = {
        **os.environ,
        "RETENTION_DATASETS": json.dumps(known),
        "JUPYTER_CONFIG_PATH": os.pathsep.join(paths),
    }
    raise typer.Exit(subprocess.run(command, check=False, env=environment).returncode)  # noqa: S603 - our own words


@app.command()
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove everything; it can be built again.")] = False,
) -> None:
    """Show what the cache holds, or clear it."""
    from retention_kit.data import cache as store

    if clear:
        typer.echo(f"Freed {store.clear() / 1e6:,.1f} MB.")
        return
    typer.echo(f"{store.cache_folder()}")
    for entry in store.entries():
        typer.echo(f"{entry.fingerprint}  {entry.files:4d} files  {entry.size_bytes / 1e6:10,.1f} MB")


@app.command()
def simulate(
    folder: Annotated[
        Path, typer.Argument(help="Where to write; may exist, but not with a `shop` or `shop.toml` in it.")
    ],
    customers: Annotated[int, typer.Option(help="Customers who ever order, 100 to 10,000,000.")] = 2500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files, byte for byte.")] = 1,
    first_day: Annotated[
        datetime, _day_option("--from", "2022-01-01", "Day on which the shop opens.")
    ] = datetime(2022, 1, 1),
    last_day: Annotated[
        datetime, _day_option("--to", "2024-12-31", "Last day; 365 days or more from the first.")
    ] = datetime(2024, 12, 31),
) -> None:
    """Write a simulated shop: every table, a dataset file, and the truth that estimates must find."""
    from retention_kit.data.simulation import require_free, write_simulation
    from retention_kit.data.simulation import simulate as draw

    require_free(folder)  # before the draw, which may take a minute
    shop = draw(customers=customers, seed=seed, first_day=first_day.date(), last_day=last_day.date())
    path = write_simulation(shop, folder)
    typer.echo(f"Written: {path}\nTruth:   {path.with_suffix('') / 'truth.json'}")
    typer.echo(f"Next:    retention check {shlex.quote(str(path))}")


def _pairs(texts: list[str] | None) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals or name in pairs:
            raise ParameterError(f"{text!r} sets nothing new.", todo="Write KEY=VALUE, each key once.")
        pairs[name] = value
    return pairs
