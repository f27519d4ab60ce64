"""What the caller means: a sample, a registered name, a dataset file, a data file, or a frame."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from retention_kit.data.config import DatasetConfig, config_from, load_config
from retention_kit.data.publish import Inputs, frame_digest
from retention_kit.data.reading import arrow_table, source_files
from retention_kit.data.source_settings import CANONICAL, TABLES
from retention_kit.errors import DataError, ParameterError, did_you_mean, listing

__all__ = ["registered", "resolve", "samples"]

_ORDER_KEYS = ("source", "sheet", "encoding", "delimiter", "decimal", "date_order", "cancelled_statuses")

_NUMBERS: dict[str, type[int] | type[float]] = {
    "max_loss": float,
    "fiscal_year_start": int,
    "margin": float,
    "churn_threshold_days": int,
    "measuring_window_days": int,
    "grace_days": int,
    "discount_rate": float,
}


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
    if isinstance(source, Mapping):
        return _from_frames(source, settings)
    if not isinstance(source, str | os.PathLike):
        return _from_frames({"orders": source}, settings)
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


def _files(config: DatasetConfig, folder: Path, *, framed: Iterable[str] = ()) -> dict[str, list[Path]]:
    if not config.orders and not config.subscriptions:
        raise DataError(
            "The dataset has neither [orders] nor [subscriptions].",
            todo="Add one of them, with its source and [orders.columns] or [subscriptions.columns].",
        )
    return {
        name: source_files(table.source, folder, table=name)
        for name, table in config.sources.items()
        # Events may be written in the dataset file alone.
        if name not in framed and (table.source or name != "events")
    }


def _from_files(text: str, settings: Mapping[str, Any]) -> Inputs:
    from retention_kit.data.mapping import guessed_config

    files = source_files(text, Path())
    config = guessed_config(files, nested(settings), named=text)
    return Inputs(files[0].stem, config, _files(config, Path()))


def _from_frames(frames: Mapping[str, Any], settings: Mapping[str, Any]) -> Inputs:
    from retention_kit.data.mapping import guessed_config

    for name in frames:
        if name not in TABLES:
            raise ParameterError(
                f"There is no table {name!r} in a dataset. {did_you_mean(name, TABLES)}".strip(),
                todo=f"Allowed: {', '.join(TABLES)}.",
            )
    tables = {name: arrow_table(frame) for name, frame in frames.items()}
    content = {**{name: {} for name in tables if name != "orders"}, **nested(settings)}
    if "orders" in tables:
        config = guessed_config(tables["orders"], content)
    else:
        config = config_from({"schema": 1, **_without_empty_orders(content)})
    digests = [f"{name}:{frame_digest(table)}" for name, table in sorted(tables.items())]
    files = _files(config, Path(), framed=tables)
    return Inputs("frame", config, files, frames=tables, frame_digests=tuple(digests))


def merged(config: DatasetConfig, settings: Mapping[str, Any]) -> DatasetConfig:
    """Return ``config`` with ``settings`` in place; of a source's table, key by key."""
    if not settings:
        return config
    content = config.model_dump(by_alias=True, exclude_none=True)
    for key, value in _without_empty_orders(nested(settings)).items():
        if key in TABLES and isinstance(value, Mapping):
            stated = content.get(key, {})
            columns = {**stated.get("columns", {}), **value.get("columns", {})}
            content[key] = {**stated, **value, **({"columns": columns} if columns else {})}
        else:
            content[key] = value
    return config_from(content)


def _without_empty_orders(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != "orders" or value}


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
    for key, kind in _NUMBERS.items():
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
