"""A shop written as a dataset file and a CSV: small, made by rule, with everything a chart can show.

It opened in January 2024, won nobody in March, and is looked at in the middle of June. Half its
customers come from the web, and they come back more often.
"""

import csv
from datetime import date, timedelta
from pathlib import Path

AS_OF = date(2024, 6, 15)
NASTY = (
    "</script><script>window.pwned=1</script>",
    '=HYPERLINK("http://x")',
    '"><img src=x onerror=window.pwned=1>',
)


def orders(
    *,
    customers: int = 60,
    names: tuple[str, ...] = ("web", "store"),
    months: tuple[int, ...] = (1, 2, 4, 5, 6),
    newer_come_back: bool = False,
) -> list[dict[str, str]]:
    """The rows of the shop's CSV: ``customers`` join in each of the months."""
    rows = []
    for start in (date(2024, month, 1) for month in months):
        for number in range(customers):
            channel = names[number % len(names)]
            every = 2 if number % len(names) == 0 else 5
            if newer_come_back and start.month >= 4:
                every = 1
            day = start + timedelta(days=number % 14)
            age = 0
            while day <= AS_OF:
                if age == 0 or (number // len(names) + age) % every == 0:
                    rows.append(
                        {
                            "customer": f"{start:%m}-{number:03}",
                            "day": day.isoformat(),
                            "amount": f"{10 + number % 7 + age}.50",
                            "channel": channel,
                        }
                    )
                age += 1
                day = date(2024, start.month + age, 1 + number % 14)
    return rows


def write_shop(
    folder: Path,
    rows: list[dict[str, str]] | None = None,
    *,
    name: str = "shop",
    title: str = "The corner shop",
    segment: str = "channel",
    more: str = "",
) -> Path:
    """Write the shop's CSV and dataset file into a folder, and return the dataset file."""
    rows = orders() if rows is None else rows
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    path = folder / f"{name}.toml"
    path.write_text(
        f"""
schema = 1
title = '''{title}'''
currency = "EUR"
time_zone = "Europe/Rome"
as_of = {AS_OF}
segments = ["{segment}"]

[orders]
source = "{name}.csv"
date_order = "ymd"
decimal = "."
delimiter = ","

[orders.columns]
customer_id = "customer"
ordered_at = "day"
amount = "amount"
{segment} = "channel"

[[events.marks]]
date = 2024-04-10
label = "New prices"

[[events.marks]]
date = 2019-01-01
label = "Long ago"
{more}
""",
        encoding="utf-8",
    )
    return path


def nasty_shop(folder: Path) -> Path:
    """Write a shop whose title, segments and customers try to be markup, scripts and formulas."""
    rows = orders(customers=12, names=NASTY)
    for row in rows:
        row["customer"] = f"{NASTY[int(row['customer'][-1]) % 3]} {row['customer']}"
    return write_shop(folder, rows, name="nasty", title=NASTY[0] + NASTY[2])
