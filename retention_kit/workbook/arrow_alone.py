"""Keep pandas out of a viewer's kernel: Arrow would load it, and nothing on a page needs it."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa

__all__ = ["keep_pandas_out"]


class _NoPandas(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not wanted yet", name=fullname)
        return None


def keep_pandas_out() -> None:
    """Let Arrow make its one search for pandas in vain, unless pandas is there already.

    Arrow looks for pandas at its first conversion of Python values, which takes 0.2 s and 40 MB a
    kernel. What asks for a frame by name, such as ``to_pandas``, still loads it.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
