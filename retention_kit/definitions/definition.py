"""What a definition card is, and the intervals that most of them name."""

from dataclasses import dataclass

__all__ = ["EXACT", "JACKKNIFE", "WILSON", "Definition"]


@dataclass(frozen=True)
class Definition:
    """The definition card of a metric; variants are its parts, or other definitions, by name and formula."""

    name: str
    formula: str
    unit: str
    source: str
    caveat: str
    variants: tuple[tuple[str, str], ...] = ()


WILSON = "Interval: Wilson (1927)."
JACKKNIFE = "Interval: delete-a-group jackknife over 100 buckets of customers (Kott 2001)."
EXACT = "An exact number; of its change: delete-a-group jackknife over 100 buckets of customers (Kott 2001)."
