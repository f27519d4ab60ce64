"""A view as a notebook makes it, with hostile strings in every place that data can reach."""

from datetime import date
from decimal import Decimal

import pyarrow as pa

from retention_kit.notebooks import CohortParameters

HOSTILE = "</script><script>window.pwned=1</script>"
FORMULA = '=HYPERLINK("http://x")'


class FakeAccounting:
    def to_dict(self):
        return {
            "rows_read": 120,
            "kept": 100,
            "netted": 4,
            "anonymous": 6,
            "dropped": ({"reason": "ragged row", "rows": 10, "offenders": ("line 7: Jane Doe",)},),
            "net": Decimal("1060.5000"),
        }


class FakeDataset:
    name = "shop"
    title = f"Shop {HOSTILE}"
    fingerprint = "ab" * 32
    as_of = date(1998, 6, 30)
    currency = "USD"
    time_zone = "UTC"
    accounting = FakeAccounting()
    accountings = {}  # noqa: RUF012


class FakeView:
    dataset = FakeDataset()

    def __init__(self, **values):
        self.parameters = CohortParameters(**values)

    def tables(self):
        return {
            "cohorts": pa.table(
                {
                    "cohort": ["1997-01", FORMULA, HOSTILE],
                    "cohort_size": [1200, 30, None],
                    "retention_rate": [0.1 + 0.2, None, 1 / 3],
                    "revenue": [Decimal("12.5000"), None, Decimal("1.0000")],
                }
            )
        }

    def charts(self):
        values = [{"age": age, "rate": 1 / (age + 1), "who": HOSTILE} for age in range(12)]
        return {
            "curve": {
                "width": 640,
                "height": 200,
                "title": f"A third stays {HOSTILE}",
                "data": {"values": values},
                "mark": {"type": "line", "point": True},
                "encoding": {
                    "x": {"field": "age", "type": "quantitative"},
                    "y": {"field": "rate", "type": "quantitative"},
                    "tooltip": [{"field": "who"}, {"field": "rate"}],
                },
            }
        }

    def headline(self):
        rate = {"name": "Retention", "value": 0.1 + 0.2, "ci_low": 0.25, "ci_high": 0.35, "unit": "fraction"}
        value = {
            "name": "Revenue",
            "value": Decimal("106.0800"),
            "ci_low": None,
            "ci_high": None,
            "unit": "USD",
        }
        return [{**rate, "n": 1230}, {**value, "n": 1230}]

    def show(self):
        import vl_convert
        from IPython.display import display

        from retention_kit.tables import html_table

        picture = vl_convert.vegalite_to_svg(self.charts()["curve"])
        chart = {"image/svg+xml": picture, "text/plain": "The curve falls to 8 %."}
        display(chart, raw=True, metadata={"retention": {"chart": "curve"}})
        table = self.tables()["cohorts"]
        display({"text/html": html_table(table), "text/plain": "A table of rates."}, raw=True)
