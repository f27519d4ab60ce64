"""The shop that is measured: ten million orders of a million customers over two years, in no order."""

from pathlib import Path

__all__ = ["written"]

_DAYS = 730
_TOML = """\
schema = 1
title = "Benchmark"
currency = "EUR"
time_zone = "UTC"
as_of = 2025-12-31
segments = ["channel"]

[orders]
source = "orders.parquet"

[orders.columns]
customer_id = "customer_id"
order_id = "order_id"
ordered_at = "ordered_at"
amount = "amount"
channel = "channel"
"""


def written(folder: Path, *, orders: int) -> Path:
    """Write the shop into ``folder`` unless it is there, and return its dataset file."""
    home = folder / f"{orders}"
    config = home / "shop.toml"
    if config.exists():
        return config
    home.mkdir(parents=True, exist_ok=True)
    customers = orders // 10
    # Hashes of the row number instead of random(): the same rows whatever the threads do. A customer's
    # first order falls on any day, and orders thin out with age, as in a real shop.
    import duckdb  # here, because the peak of a process that is started counts its parent's memory

    settings = {"memory_limit": "4GB", "temp_directory": str(home)}
    connection = duckdb.connect(config=settings)
    connection.execute("SET enable_progress_bar = false")
    connection.execute(
        f"""
        COPY (
          SELECT customer_id, order_id, amount, channel,
            TIMESTAMP '2024-01-01' + to_microseconds(
              CAST((starts + (1 - starts) * late * late) * {_DAYS} * 86399999999 AS BIGINT)) AS ordered_at
          FROM (
            SELECT customer_id, i AS order_id,
              {_drawn("customer_id", 1)} / 18446744073709551616.0 AS starts,
              {_drawn("i", 2)} / 18446744073709551616.0 AS late,
              CAST(5 + {_drawn("i", 3)} % 20000 / 100.0 AS DECIMAL(18, 2)) AS amount,
              ['web', 'shop', 'phone', 'partner'][CAST(1 + {_drawn("i", 4)} % 4 AS BIGINT)] AS channel
            FROM (
              SELECT i, CAST(IF(i < {customers}, i, {_drawn("i", 5)} % {customers}) AS BIGINT) AS customer_id
              FROM range({orders}) AS r(i))
          ) ORDER BY {_drawn("order_id", 6)}
        ) TO '{home / "orders.parquet"}' (FORMAT parquet)
        """
    )
    config.write_text(_TOML, encoding="utf-8")
    return config


def _drawn(column: str, stream: int) -> str:
    """A whole number of 64 bits that looks random; streams of one column are independent."""
    return f"hash(xor(hash({column}), {stream}))"
