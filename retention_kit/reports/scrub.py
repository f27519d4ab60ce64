"""Keep a machine's folders out of what is published."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

__all__ = ["Scrub", "cleaned"]

WARNING = re.compile(r"^.*?:\d+: (\w*Warning: .*)$", re.MULTILINE)  # as Python words them
KEPT_TAGS = {"parameters", "injected-parameters", "record"}


@dataclass(frozen=True)
class Scrub:
    """The parameters as executed and as published, and the folders to take out of texts.

    ``executed`` holds the dataset's absolute path, because the notebook runs in a folder of its own;
    ``published`` holds it as it was given, or by file name when it was given absolute.
    """

    executed: Mapping[str, Any]
    published: Mapping[str, Any]
    dataset: str
    folders: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, parameters: Mapping[str, Any], *, start: Path) -> "Scrub":
        """Return the two forms of ``parameters``; a relative dataset path starts from ``start``.

        A dataset is a path when it holds a separator or a pattern, or when such a file is there;
        otherwise it is a name, which is the same everywhere.
        """
        given = str(parameters.get("dataset", ""))
        folders = ((str(start), "."), (str(Path.home()), "~"))
        is_file = bool(Path(given).suffix) and (start / given).is_file()
        if not is_file and not any(sign in given for sign in "/\\*?["):
            return cls(parameters, parameters, given, folders)
        path = Path(os.path.abspath(start / given))
        shown = path.name if Path(given).is_absolute() else given
        return cls(
            executed={**parameters, "dataset": str(path)},
            published={**parameters, "dataset": shown},
            dataset=path.stem,
            folders=((str(path), shown), (str(path.parent), "."), *folders),
        )

    def without(self, folder: Path) -> "Scrub":
        """Return a scrub that also takes out ``folder``."""
        return replace(self, folders=((str(folder), "."), *self.folders))

    def text(self, text: str) -> str:
        """Return a text without the folders, longest first."""
        for folder, shown in sorted(self.folders, key=lambda pair: -len(pair[0])):
            if len(folder) > 1:  # "/" alone is nobody's home
                text = re.sub(rf"{re.escape(folder)}(?![\w.-])", shown.replace("\\", r"\\"), text)
        return text

    def tree(self, value: Any) -> Any:
        """Return nested lists and mappings with every text scrubbed."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.tree(item) for key, item in value.items()}
        return [self.tree(item) for item in value] if isinstance(value, list) else value


def cleaned(notebook: Any, *, scrub: Scrub) -> tuple[Any, list[str]]:
    """Return an executed notebook fit for publishing, and the warnings its cells wrote.

    Run metadata, standard error and folders are taken out; the injected cell holds the published
    parameters. The same run gives the same bytes.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        As papermill left it; not changed.
    scrub : Scrub
        What to take out.
    """
    import nbformat

    warnings: list[str] = []
    cells = []
    for number, cell in enumerate(notebook.cells, start=1):
        tags = [tag for tag in cell.metadata.get("tags", []) if tag in KEPT_TAGS]
        clean = {**cell, "metadata": {"tags": tags} if tags else {}, "id": cell.get("id") or f"cell-{number}"}
        if "injected-parameters" in tags:
            lines = [f"{name} = {value!r}" for name, value in scrub.published.items()]
            clean.update(source="\n".join(["# Parameters", *lines]), id="injected-parameters")
        if cell.cell_type == "code":
            clean["outputs"] = [scrub.tree(dict(out)) for out in cell.outputs if not _is_stderr(out)]
            written = "".join(out["text"] for out in cell.outputs if _is_stderr(out))
            warnings += [scrub.text(warning) for warning in WARNING.findall(written)]
        cells.append(clean)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    build: Any = nbformat
    return build.from_dict({**notebook, "cells": cells, "metadata": metadata}), warnings


def _is_stderr(output: Any) -> bool:
    return bool(output["output_type"] == "stream" and output["name"] == "stderr")
