"""Where the notebooks lie: beside the package in a clone, inside it when it was installed."""

from pathlib import Path

from retention_kit.errors import DataError

__all__ = ["notebooks_folder"]


def notebooks_folder() -> Path:
    """Return the folder of the workbook's notebooks.

    Raises
    ------
    DataError
        When the installation has none.
    """
    package = Path(__file__).parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if folder.is_dir():
            return folder
    raise DataError(
        "This installation has no notebooks.", todo="Install the package from a clone or a wheel."
    )
