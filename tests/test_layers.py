"""The house: a floor imports only lower floors, and importing costs little."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import retention_kit

HOUSE = Path(retention_kit.__file__).parent
FLOORS = {
    "errors": 0, "definitions": 0, "formats": 0, "params": 0, "notebooks": 0, "links": 0, "resources": 0,
    "data": 1,
    "measures": 2, "models": 2,
    "planning": 3,
    "charts": 4, "tables": 4,
    "workbook": 5, "reports": 5, "serving": 5,
    "cli": 6, "__main__": 6, "progress": 6,
}  # fmt: skip
WITHIN = {0, 6}  # modules of these floors are one room
MODULES = sorted(path for path in HOUSE.rglob("*.py") if path != HOUSE / "__init__.py")
HEAVY = ("pandas", "altair", "voila", "nbconvert", "papermill", "polars", "IPython")


def room_of(path):
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports by a relative path"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "retention_kit" and len(parts) > 1 and parts[1] in FLOORS:
                yield parts[1]


def test_every_module_has_a_floor():
    assert {room_of(path) for path in MODULES} <= set(FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_floor_imports_only_lower_floors(path):
    room = room_of(path)
    floor = FLOORS[room]
    for other in imported_rooms(path):
        assert other == room or FLOORS[other] < floor or (FLOORS[other] == floor and floor in WITHIN), (
            f"{room} (floor {floor}) imports {other} (floor {FLOORS[other]})"
        )


def test_no_module_is_a_drawer():
    drawers = {"utils", "helpers", "common", "misc", "core", "base"}
    assert not {path.stem for path in MODULES} & drawers
    assert not {part for path in MODULES for part in path.relative_to(HOUSE).parts} & drawers


def loaded_by(statement):
    code = f"import sys\n{statement}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_importing_the_package_loads_no_engine_and_no_library_of_charts():
    assert not loaded_by("import retention_kit") & {*HEAVY, "duckdb", "numpy", "pyarrow", "pydantic"}


@pytest.mark.parametrize(
    "module",
    [
        "data.dataset",
        "data.ledger",
        "measures.churn",
        "measures.cohorts",
        "measures.comparison",
        "measures.customers",
        "models.contractual",
        "params",
    ],
)
def test_computing_needs_neither_pandas_nor_charts(module):
    assert not loaded_by(f"import retention_kit.{module}") & set(HEAVY)


def test_a_table_is_computed_and_read_without_charts_or_notebooks():
    statement = (
        "from retention_kit import cohort_table, open_dataset\n"
        "table = cohort_table(open_dataset('cdnow'), grain='quarter')\n"
        "assert table.cells.num_rows and table.pooled.num_rows and table.fixed_set.num_rows"
    )
    # pandas is not among them: pyarrow loads it by itself, when it makes its first array.
    assert not loaded_by(statement) & {*HEAVY} - {"pandas"}


def test_names_of_the_package_are_found_where_they_live():
    for name in retention_kit.__all__:
        assert getattr(retention_kit, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'cohort_tabel'"):
        retention_kit.cohort_tabel  # noqa: B018
