"""The first figures of the lifetime value notebook, with what is assumed and how far to trust them."""

from retention_kit import formats
from retention_kit.charts import lifetime_words as words
from retention_kit.planning.back_test_result import BackTest
from retention_kit.tables import escape
from retention_kit.workbook.lifetime_valued import Valued
from retention_kit.workbook.panels import paragraphs

__all__ = ["NO_TEST", "tested", "tile_lines", "tiles_html"]

NO_TEST = "No back-test tells how far to trust it: intervals hold parameters and chance only"


def tested(shown: Valued) -> str:
    """Return in one sentence how far earlier forecasts were off."""
    found = shown.customers.back_test
    if found is None:
        return f"{NO_TEST}."
    if isinstance(found, BackTest):
        return f"{found.sentence.split(':')[0]}."
    return found.sentence


def tile_lines(shown: Valued) -> list[str]:
    """Return the figures to know first, each as a line of text."""
    tiles = [": ".join((name, "; ".join(part for part in parts if part))) for name, *parts in _tiles(shown)]
    return [*tiles, f"{words.assumed(shown.value)}."]


def tiles_html(shown: Valued) -> str:
    """Return the same as tiles, escaped."""
    tiles = []
    for name, value, *lesser in _tiles(shown):
        said = "".join(f"<p>{escape(text)}</p>" for text in lesser if text)
        tiles.append(
            f'<section class="rk-tile"><h3>{escape(name)}</h3>'
            f'<p class="rk-tile-value">{escape(value)}</p>{said}</section>'
        )
    said = paragraphs([f"{words.assumed(shown.value)}."], "rk-reading")
    return f'{said}<div class="rk-tiles">{"".join(tiles)}</div>'


def _tiles(shown: Valued) -> list[tuple[str, ...]]:
    found = shown.value
    what, people = words.measured(found), formats.plural(found.customers, "customer")
    ahead = f"discounted {what} in {formats.plural(found.horizon_months, 'month')}"
    tiles: list[tuple[str, ...]] = [
        (
            "Value per customer",
            words.told(found.per_customer.value, found),
            words.told_range(found.per_customer.ci_low, found.per_customer.ci_high, found),
            f"{ahead}; {people}",
            tested(shown),
        ),
        (
            "Value of all customers",
            words.told(found.total.value, found),
            words.told_range(found.total.ci_low, found.total.ci_high, found),
            ahead,
            tested(shown),
        ),
    ]
    held = found.concentration
    if held.half_held_by is not None:
        tiles.append(
            (
                "Half the value is held by",
                formats.value(held.half_held_by, "share"),
                f"of the customers; the first tenth hold {formats.value(held.top_10, 'share')}",
            )
        )
    if found.expected_purchases is not None:
        each = formats.value(found.expected_purchases / found.customers, "ratio")
        tiles.append(
            (
                "Purchases expected",
                formats.count(found.expected_purchases),
                f"{each} per customer, not discounted, in {formats.plural(found.horizon_months, 'month')}",
            )
        )
    if found.probability_alive_mean is not None:
        share = formats.value(found.probability_alive_mean, "share")
        tiles.append(("Still customers", share, f"mean chance to be there, by {found.title}"))
    return tiles
