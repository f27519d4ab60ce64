"""The ledger: what every measure reads, built once per choice of orders and kept in the cache.

* ``firsts`` and ``segments``: one row per customer, with its first order, and with its segments.
* ``ledger``: one row per customer, with its first and last order, orders, revenue and segments.
* ``activity``: one row per customer, with its cohort and the ages at which it was active, as bits.
* ``hits``: customers active at each age, per segment and cohort, in one sense of active.
* ``sizes`` and ``cells``: customers, orders, revenue and margin per segment, cohort, age and bucket.

Each is a view, declared when it is asked for and built when a query, or another one, reads it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING
from weakref import finalize

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from retention_kit.data import statements
from retention_kit.data.calendar import Calendar, Grain
from retention_kit.data.engine import connect, literal, quote
from retention_kit.data.statements import WORD_BITS, Clocking
from retention_kit.errors import ColumnError, DataError, did_you_mean

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset

__all__ = ["GRAINS", "Ledger", "open_ledger"]

_FILTERED = "_only_"
_FILTERED_KEPT = 400  # files
_PER_CUSTOMER = ("firsts", "segments", "ledger")
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True)
class _Rows:
    """What a view holds: a statement's rows with ``more`` columns, in memory at first if ``held``."""

    statement: str
    more: str = ""
    held: bool = False


@dataclass(frozen=True)
class Ledger:
    """The ledger of a dataset, over all its orders or over those with one attribute's value.

    Parameters
    ----------
    key : tuple of str
        What tells one dataset from another: fingerprint and cache folder.
    only : tuple of (attribute, value), optional
        Count only these orders. The first of them, not the customer's first of all, is then the
        first order.
    dataset : Dataset
        An open dataset.
    """

    key: tuple[str, str]
    only: tuple[str, str] | None
    dataset: "Dataset" = field(compare=False, repr=False)

    @cached_property
    def calendar(self) -> Calendar:
        """The dataset's calendar."""
        data = self.dataset
        return Calendar(
            data.first_day, data.as_of, data.time_zone, data.first_weekday, data.fiscal_year_start
        )

    def clocking(self, grain: Grain, clock: str) -> Clocking:
        """Return how ages of ``grain`` are counted up to the as-of date."""
        as_of = self.dataset.as_of
        begun = self.calendar.index_of(grain, as_of) + 1
        next_day = as_of + timedelta(days=1)
        instants = grain in ("day", "week") and self._has_times
        end = self.calendar.instant(next_day).isoformat(" ") if instants else f"{next_day} 00:00:00"
        return Clocking(
            grain=grain,
            clock=clock,
            # The night when clocks go back can add an age that no calendar day begins.
            words=-(-(begun + (clock == "elapsed")) // WORD_BITS),
            begun_index=begun,
            finished_index=self.calendar.index_of(grain, next_day),
            as_of_end=end,
        )

    def activity(self, clocking: Clocking, *, min_orders: int = 1, by_segment: bool = False) -> str:
        """Return the view of every customer's cohort and active ages, with segments if wanted."""
        if clocking.clock == "elapsed":
            self._firsts()
        statement = statements.activity(clocking, min_orders=min_orders, orders=self._orders)
        name = f"activity_{clocking.grain}_{clocking.clock}_{min_orders}"
        # One row per customer is slow to write, and most readers want the hits alone.
        view = self._view(name, statement, more=statements.lived(clocking), held=True)
        if not (by_segment and self.segments):
            return view
        self._segments()
        joined = statements.segmented(activity=view, segments=self.segments)
        return self._view(f"{view}_segments", joined, named=True)

    def hits(
        self,
        clocking: Clocking,
        tests: Sequence[str],
        *,
        mode: str,
        min_orders: int = 1,
        by_segment: bool = False,
    ) -> str:
        """Return the view of customers who pass each test of ``mode``, per segment and cohort."""
        activity = self.activity(clocking, min_orders=min_orders, by_segment=by_segment)
        segments = self.segments if by_segment else ()
        statement = statements.hits(activity=activity, tests=tests, segments=segments)
        return self._view(f"hits_{mode}_{activity}", statement, named=True)

    def sizes(self, clocking: Clocking, *, by_segment: bool = False) -> str:
        """Return the view of customers per cohort and bucket, and per segment if wanted."""
        statement = statements.sizes(clocking, segments=self._wanted(by_segment))
        return self._view(f"sizes_{clocking.grain}_{clocking.clock}{_suffix(by_segment)}", statement)

    def cells(self, clocking: Clocking, *, by_segment: bool = False) -> str:
        """Return the view of orders, revenue and margin per cohort, age and bucket, and per segment."""
        statement = statements.cells(
            clocking,
            segments=self._wanted(by_segment),
            orders=self._orders,
            money=self.dataset.has_amount,
            margin=self.dataset.has_margin,
        )
        return self._view(f"cells_{clocking.grain}_{clocking.clock}{_suffix(by_segment)}", statement)

    def customers(self) -> str:
        """Return the view with one row per customer."""
        wanted = self._wanted(by_segment=bool(self.segments))
        money = self.dataset.has_amount
        return self._view("ledger", statements.ledger(orders=self._orders, segments=wanted, money=money))

    def declare(self, name: str, statement: str) -> str:
        """Declare the view ``name`` of a measure; its statement may read all views declared before."""
        return self._view(name, statement)

    def _wanted(self, by_segment: bool) -> tuple[str, ...]:
        """The segments to group by, once the views that hold them are there."""
        self._firsts()
        if by_segment:
            self._segments()
        return self.segments if by_segment else ()

    def _firsts(self) -> str:
        return self._view("firsts", statements.firsts(orders=self._orders))

    def _segments(self) -> str:
        self._firsts()
        of_customer = [name for name in self.segments if name not in self._order_columns]
        statement = statements.segments(
            orders=self._orders, at_order=self.order_segments, of_customer=of_customer
        )
        return self._view("segments", statement)

    @property
    def segments(self) -> tuple[str, ...]:
        """Attributes by which customers can be filtered and grouped."""
        return self.dataset.segments

    @property
    def order_segments(self) -> tuple[str, ...]:
        """Those that each order has, by which orders too can be filtered."""
        return tuple(name for name in self.segments if name in self._order_columns)

    def segment_values(self, name: str, *, limit: int = 50) -> list[str]:
        """Return an attribute's values at the first order, the most frequent first."""
        self.require_segment(name)
        rows = self.query(
            f"SELECT {statements.segment(name)} AS value, count(*) AS n FROM {self._segments()} "
            f"WHERE {statements.segment(name)} IS NOT NULL GROUP BY 1 ORDER BY n DESC, value LIMIT {limit}"
        )
        return [str(value) for value in rows["value"].to_pylist()]

    def require_segment(self, name: str, *, of_order: bool = False) -> None:
        """Raise `ColumnError` unless ``name`` is a segment (of the order, if wanted)."""
        known = list(self.order_segments if of_order else self.segments)
        if name not in known:
            what = "order attribute" if of_order else "segment"
            has = f"It has: {', '.join(known)}." if known else "It has none; map one in the dataset file."
            message = f"The dataset {self.dataset.name!r} has no {what} {name!r}."
            raise ColumnError(f"{message} {did_you_mean(name, known)}".strip(), todo=has)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a statement over the views, and return its rows."""
        self._build(sql)
        return self._connection.sql(sql, params=list(parameters)).to_arrow_table()

    def script(self, views: Sequence[str]) -> str:
        """Return the ``WITH`` clause that defines views over the canonical tables, ready to run."""
        needed = set(views)
        for name in reversed(self._rows):  # those that a view reads were declared before it
            if name in needed:
                needed.update(self._read_by(self._rows[name].statement, name))
        wanted = [name for name in self._rows if name in needed]
        parts = (f"{_plain(name)} AS (\n{self._with_values(name)}\n)" for name in wanted)
        return "WITH " + ",\n".join(parts)

    def _with_values(self, name: str) -> str:
        rows = self._rows[name]
        statement = f"SELECT *{rows.more} FROM (\n{rows.statement}\n) AS a" if rows.more else rows.statement
        if self.only is None:
            return statement
        return statement.replace(self._orders, self._orders_with(literal(self.only[1])))

    @property
    def _orders(self) -> str:
        # Whatever counts orders comes by here.
        self.dataset.require("orders", why="all that is counted from orders")
        if self.only is None:
            return "orders"
        self.require_segment(self.only[0], of_order=True)
        return self._orders_with("?")

    def _orders_with(self, value: str) -> str:
        """The orders that count, by the SQL of the value they have."""
        name = quote(self.only[0]) if self.only else ""
        return f"(SELECT * FROM orders WHERE {name} = {value})"

    @cached_property
    def _order_columns(self) -> frozenset[str]:
        return frozenset(self.dataset.columns("orders") if self.dataset.has("orders") else ())

    @cached_property
    def _has_times(self) -> bool:
        """Whether orders have a time of day; those that have none count days, whatever the clocks do."""
        if not self.dataset.has("orders"):
            return False
        found = self.query(
            "SELECT 1 AS x FROM orders "
            "WHERE ordered_at <> ordered_at_utc OR ordered_at <> ordered_day LIMIT 1"
        )
        return bool(found.num_rows)

    @cached_property
    def _rows(self) -> dict[str, _Rows]:
        """Every view by its name, after those it reads."""
        return {}

    @cached_property
    def _held(self) -> set[str]:
        """Views whose rows are in memory, and in no file yet."""
        return set()

    @cached_property
    def _defined(self) -> set[str]:
        """Views over files."""
        return set()

    @cached_property
    def _scratch(self) -> Path:
        folder = mkdtemp(prefix="retention-")
        # Removed with the ledger, or at exit: nobody closes a ledger.
        finalize(self, rmtree, folder, ignore_errors=True)
        return Path(folder)

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        data = self.dataset
        folders = {data.store.folder, *(path.parent for path in data.tables.values())}
        connection = connect(*sorted(folders), scratch=self._scratch)
        files = {**data.tables, "calendar": data.store.file("calendar.parquet", self._write_calendar)}
        for view, path in files.items():
            connection.execute(f"CREATE VIEW {view} AS FROM read_parquet({literal(path)})")
        return connection

    def _view(
        self, name: str, statement: str, *, named: bool = False, more: str = "", held: bool = False
    ) -> str:
        """Declare the view ``name``, under a name of its own where not all orders count."""
        if self.only and not named:
            name += _FILTERED + sha256(repr(self.only).encode()).hexdigest()[:12]
        self._rows.setdefault(name, _Rows(statement, more, held))
        return name

    def _read_by(self, sql: str, before: str = "") -> list[str]:
        """The views that a statement names, of those declared before the one it defines."""
        declared = takewhile(lambda name: name != before, self._rows)
        return [name for name in declared if re.search(rf"\b{_plain(name)}\b", sql)]

    def _build(self, sql: str, view: str = "") -> None:
        """Build what a statement, or that of a view, reads; a lost or damaged file is made anew."""
        self.dataset.store.file("calendar.parquet", self._write_calendar)
        for name in self._read_by(sql, view):
            rows, store = self._rows[name], self.dataset.store
            if rows.held and name not in self._held and not store.holds(f"{name}.parquet"):
                self._hold(name, rows)
                continue
            path = store.file(f"{name}.parquet", self._writer(name, rows))
            if name not in self._defined:
                self._define(name, f"read_parquet({literal(path)})", rows.more)
                self._defined.add(name)
                if self.only:  # any viewer may ask for another value, and each has files of its own
                    store.trim(f"*{_FILTERED}*.parquet", keep=_FILTERED_KEPT)
            if name in self._held:
                self._held.remove(name)
                self._connection.execute(f"DROP TABLE {_table(name)}")

    def _hold(self, name: str, rows: _Rows) -> None:
        self._build(rows.statement, name)
        values = self._values(rows.statement)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {_table(name)} AS {rows.statement}", values)
        self._define(name, _table(name), rows.more)
        self._held.add(name)
        self._defined.discard(name)

    def _writer(self, name: str, rows: _Rows) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            if name in self._held:
                source, values = f"FROM {_table(name)}", []
            else:
                self._build(rows.statement, name)
                source, values = rows.statement, self._values(rows.statement)
            target = literal(path)
            self._connection.execute(f"COPY ({source}) TO {target} (FORMAT parquet, COMPRESSION lz4)", values)

        return write

    def _values(self, statement: str) -> list[str]:
        return [self.only[1]] * statement.count(self._orders) if self.only else []

    def _define(self, name: str, source: str, more: str = "") -> None:
        self._connection.execute(f"CREATE OR REPLACE VIEW {quote(name)} AS SELECT *{more} FROM {source}")
        if _plain(name) != name:
            self._connection.execute(f"CREATE OR REPLACE VIEW {_plain(name)} AS SELECT * FROM {quote(name)}")

    def _write_calendar(self, path: Path) -> None:
        tables = []
        for grain in GRAINS:
            days = self.calendar.days(grain)
            month = days["day"].to_numpy().astype("datetime64[M]")
            last_day = (month + 1).astype("datetime64[D]") - 1
            starts = month.astype("datetime64[us]")
            index = days["period_index"].to_numpy()
            tables.append(
                pa.table(
                    {
                        "grain": [grain] * days.num_rows,
                        "day": days["day"],
                        "period_index": days["period_index"],
                        "word": pa.array((index // WORD_BITS).astype("int32")),
                        "bit": pa.array(1 << (index.astype("int64") % WORD_BITS)),
                        # Microseconds to the start of the day's month, and from there to its last day.
                        "month_us": starts.astype("int64"),
                        "last_day_us": (last_day.astype("datetime64[us]") - starts).astype("int64"),
                    }
                )
            )
        pq.write_table(pa.concat_tables(tables), path)


def open_ledger(dataset: "Dataset", only: tuple[str, str] | None = None) -> Ledger:
    """Return the ledger of a dataset; the same one, with its connection, each time it is asked for.

    Raises
    ------
    DataError
        When a source has changed since, or the cache was cleared.
    """
    # Here, not in the ledger: datasets with equal contents share one, and each has files of its own.
    dataset.require_unchanged()
    if not all(path.exists() for path in dataset.tables.values()):
        raise DataError("The cache of this dataset was cleared.", todo="Open the dataset again.")
    return _shared(Ledger((dataset.fingerprint, str(dataset.store.folder)), only, dataset))


@lru_cache(maxsize=8)
def _shared(ledger: Ledger) -> Ledger:
    return ledger


def _plain(name: str) -> str:
    """The view's name in statements, which do not say which orders it rests on."""
    base = name.partition(_FILTERED)[0]
    return base if base in _PER_CUSTOMER else name


def _suffix(by_segment: bool) -> str:
    return "_segments" if by_segment else ""


def _table(view: str) -> str:
    return quote(f"held_{view}")
