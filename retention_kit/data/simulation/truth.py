"""The truth of a simulated shop: its parameters, and what they make one expect."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from retention_kit.data.simulation.parameters import ShopParameters

__all__ = ["Truth"]

_UNITS = (
    "shares, rates and probabilities are fractions; amounts are in EUR; rates of days are per day of average"
    " trade; a leaving ratio multiplies the rate at which customers leave for good; days count from the day"
    " after the first order; an order that was refunded in full is none"
)


@dataclass(frozen=True)
class Truth:
    """What a simulated shop follows.

    Attributes
    ----------
    seed, customers : int
    first_day, last_day : date
    parameters : ShopParameters
        Every number that the draws follow.
    expected : mapping
        Figures that estimates from the data must meet but for chance, by part of the shop; computed
        from the parameters, not counted from the draws.
    """

    seed: int
    customers: int
    first_day: date
    last_day: date
    parameters: ShopParameters
    expected: Mapping[str, Any]

    def to_json(self) -> str:
        """Return the truth as JSON text."""
        content = {
            "units": _UNITS,
            "seed": self.seed,
            "customers": self.customers,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "parameters": asdict(self.parameters),
            "expected": _rounded(dict(self.expected)),
        }
        return json.dumps(content, indent=1) + "\n"


def _rounded(value: Any) -> Any:
    """Return the same figures to six digits: the last ones differ between machines."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, Mapping):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value
