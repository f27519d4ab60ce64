"""Which datasets the apps may open, and under which names."""

from collections.abc import Sequence
from pathlib import Path

from retention_kit.data.resolve import samples
from retention_kit.errors import ServeError, did_you_mean

__all__ = ["registry"]


def registry(datasets: Sequence[str]) -> dict[str, Path]:
    """Return the name and the dataset file of each dataset to serve.

    Parameters
    ----------
    datasets : sequence of str
        Names of samples, or paths of dataset files; a file is registered under its name without ending.

    Raises
    ------
    ServeError
        When a file is missing, is no dataset file, or two would have the same name.
    """
    known = samples()
    found: dict[str, Path] = {}
    for text in datasets:
        path = known.get(text, Path(text))
        if path.suffix.lower() != ".toml":
            hint = did_you_mean(text, known)
            raise ServeError(
                f"{text!r} is no dataset file. {hint}".strip(),
                todo=f"Make one with: retention init {text}. Samples: {', '.join(known)}.",
            )
        if not path.is_file():
            raise ServeError(f"There is no dataset file {text!r}.", todo="Check the path.")
        name = text if text in known else path.stem
        if found.get(name, path) != path:
            raise ServeError(f"Two datasets would be called {name!r}.", todo="Rename one of the files.")
        found[name] = path.resolve()
    return found
