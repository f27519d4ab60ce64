"""What the caller means: a sample, a registered name, a dataset file, a data file, or a frame."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retention_kit.data.config import CANONICAL, DatasetConfig, config_from, load_config
from retention_kit.data.publish import Inputs, frame_digest
from retention_kit.data.reading import arrow_table, source_files
from retention_kit.errors import DataError, ParameterError, did_you_mean, listing

__all__ = ["registered", "resolve", "samples"]

_ORDER_KEYS = ("source", "sheet", "encoding", "delimiter", "decimal", "date_order", "cancelled_statuses")


def samples() -> dict[str, Path]:
    """Return the samples that come with the package: name to dataset file."""
    package = Path(__file__).resolve().parents[1]
    # Inside the package when installed, beside it in a clone.
    for folder in (package / "sample_data", package.parent / "sample_data"):
        found = {path.stem: path for path in sorted(folder.glob("*.toml"))}
        if found:
            return found
    return {}


def registered() -> dict[str, Path]:
    """Return the datasets that the server registered: name to dataset file."""
    text = os.environ.get("RETENTION_DATASETS", "")
    try:
        names = json.loads(text) if text else {}
        return {str(name): Path(path) for name, path in names.items()}
    except (ValueError, AttributeError, TypeError):
        raise ParameterError(
            "RETENTION_DATASETS is not a JSON object of names and paths.", todo="Let the server set it."
        ) from None


def resolve(source: Any, settings: Mapping[str, Any]) -> Inputs:
    """Return what ``source`` names, with ``settings`` in place of what its dataset file says.

    Raises
    ------
    DataError
        When nothing has that name.
    """
    serving = os.environ.get("RETENTION_SURFACE") == "app"
    if serving:
        named = registered()
        if not isinstance(source, str) or source not in named:
            hint = did_you_mean(str(source), named)
            raise DataError(
                f"There is no dataset of that name here. {hint}".strip(),
                todo=f"Choose from: {listing(named)}.",
            )
        return _from_toml(named[source], name=source, settings=settings)
    if not isinstance(source, str | os.PathLike):
        table = arrow_table(source)
        return _from_table(table, settings)
    text = os.fspath(source)
    named = samples() | registered()
    if isinstance(source, str) and text in named:
        return _from_toml(named[text], name=text, settings=settings)
    path = Path(text).expanduser()
    if path.suffix.lower() == ".toml":
        return _from_toml(path, name=path.stem, settings=settings)
    if not path.suffix and not path.exists() and not any(mark in text for mark in "*?["):
        hint = did_you_mean(text, named)
        raise DataError(
            f"There is no dataset {text!r}. {hint}".strip(),
            todo=f"Give one of {listing(named)}, or the path of a dataset file, CSV, Excel or Parquet file.",
        )
    return _from_files(text, settings)


def _from_toml(path: Path, *, name: str, settings: Mapping[str, Any]) -> Inputs:
    config = merged(load_config(path), settings)
    return Inputs(name, config, _files(config, path.parent))


def _files(config: DatasetConfig, folder: Path) -> dict[str, list[Path]]:
    files = {"orders": source_files(config.orders.source, folder)}
    if config.customers:
        files["customers"] = source_files(config.customers.source, folder, table="customers")
    if config.events and config.events.source:
        files["events"] = source_files(config.events.source, folder, table="events")
    return files


def _from_files(text: str, settings: Mapping[str, Any]) -> Inputs:
    from retention_kit.data.mapping import guessed_config

    files = source_files(text, Path())
    config = guessed_config(files, nested(settings), named=text)
    return Inputs(files[0].stem, config, _files(config, Path()))


def _from_table(table: Any, settings: Mapping[str, Any]) -> Inputs:
    from retention_kit.data.mapping import guessed_config

    config = guessed_config(table, nested(settings))
    return Inputs("frame", config, frame=table, frame_digest=frame_digest(table))


def merged(config: DatasetConfig, settings: Mapping[str, Any]) -> DatasetConfig:
    """Return ``config`` with ``settings`` in place."""
    if not settings:
        return config
    content = config.model_dump(by_alias=True, exclude_none=True)
    for key, value in nested(settings).items():
        if key == "orders":
            columns = content["orders"]["columns"] | dict(value.get("columns", {}))
            content["orders"] |= {**value, "columns": columns}
        else:
            content[key] = value
    return config_from(content)


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the dataset file's tables: keys of ``[orders]`` and its columns may stand bare."""
    content: dict[str, Any] = {"orders": {}}
    columns: dict[str, str] = {}
    for key, value in _typed(settings).items():
        if key == "columns":
            columns |= value
        elif key == "orders":
            columns |= value.get("columns", {})
            content["orders"] |= {name: part for name, part in value.items() if name != "columns"}
        elif key in _ORDER_KEYS:
            content["orders"][key] = value
        elif key in CANONICAL and key != "currency" and not (key == "margin" and not isinstance(value, str)):
            columns[key] = value
        else:
            content[key] = value
    if columns:
        content["orders"]["columns"] = columns
    return content


def _typed(settings: Mapping[str, Any]) -> dict[str, Any]:
    # Settings from the command line come as texts.
    values: dict[str, Any] = dict(settings)
    for key, kind in (("max_loss", float), ("fiscal_year_start", int), ("margin", float)):
        if isinstance(values.get(key), str):
            try:
                values[key] = kind(values[key])
            except ValueError:
                if key != "margin":  # margin may also name a column
                    raise ParameterError(
                        f"{key} = {values[key]!r} is no number.", todo="Write a number."
                    ) from None
    for key in ("segments", "cancelled_statuses"):
        if key in values and isinstance(values[key], str):
            values[key] = [part.strip() for part in values[key].split(",") if part.strip()]
    return values
