"""How a change of a rate is split into mix and rate, with intervals, and what is said of it."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.measures.movement_counting import known
from retention_kit.measures.survival_result import Estimate

__all__ = ["Split", "sentence", "values_table"]

_PARTS = ("mix", "rate", "change")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Split:
    """Mix and rate of every value, for all customers (first) and without each bucket of them."""

    def __init__(self, base: Ints, kept: Ints, z: float) -> None:
        """Split counts of shape (period, bucket, value); the later period comes second."""
        used = base.sum(axis=(0, 2)) > 0
        people, stay = (
            np.concatenate(
                [part.sum(axis=1, keepdims=True), part.sum(axis=1, keepdims=True) - part[:, used]], axis=1
            )
            for part in (base, kept)
        )
        self.base, self.z = people, z
        everyone = people.sum(axis=2, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.share = people / everyone
            self.own = stay / people
            self.rates: Floats = stay.sum(axis=2) / everyone[:, :, 0]
        # Where a value is missing from one period, no rate of its own can have changed.
        rate = np.where(np.isnan(self.own), self.own[::-1], self.own)
        rate = np.where(np.isnan(rate), 0.0, rate)
        middle = self.rates.mean(axis=0)[:, None]
        self.mix: Floats = (self.share[1] - self.share[0]) * (rate.mean(axis=0) - middle)
        self.rate: Floats = (rate[1] - rate[0]) * self.share.mean(axis=0)
        self.change: Floats = self.mix + self.rate

    def estimate(self, part: str) -> Estimate:
        """Return the sum of a part over all values, with its interval."""
        return self._estimate(getattr(self, part).sum(axis=1))

    def verdict(self) -> str:
        """Return which part is larger beyond chance."""
        mix, rate = self.mix.sum(axis=1), self.rate.sum(axis=1)
        larger = self._estimate(np.sign(rate[0]) * rate - np.sign(mix[0]) * mix)
        if _sign(larger) > 0 and _sign(self.estimate("rate")):
            return "rate"
        if _sign(larger) < 0 and _sign(self.estimate("mix")):
            return "mix"
        return "unclear"

    def interval(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the ends of the intervals of values along the last axis; missing below two buckets."""
        groups = len(values) - 1
        error = np.full(values.shape[1:], np.nan)
        if groups > 1:
            without = values[1:]
            error = np.sqrt((groups - 1) / groups * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        return values[0] - self.z * error, values[0] + self.z * error

    def _estimate(self, values: Floats) -> Estimate:
        ends = (None if np.isnan(end) else float(end) for end in self.interval(values))
        return Estimate(float(values[0]), *ends)


def _sign(found: Estimate) -> int:
    """Which side of 0 the whole interval is on; 0 where it holds it."""
    if found.ci_low is None or found.ci_high is None:
        return 0
    return int(found.ci_low > 0) - int(found.ci_high < 0)


def values_table(split: Split, names: list[str], kept: Ints) -> pa.Table:
    """Return the ``values`` of `MixOrRate`: one row per value, ``kept`` says which of them."""
    columns = {
        "value": pa.array(names, pa.string()),
        "customers": split.base[1, 0, kept],
        "customers_against": split.base[0, 0, kept],
        "share": split.share[1, 0, kept],
        "share_against": split.share[0, 0, kept],
        "retention_rate": known(split.own[1, 0, kept]),
        "retention_rate_against": known(split.own[0, 0, kept]),
    }
    for part in _PARTS:
        values = getattr(split, part)[:, kept]
        low, high = split.interval(values)
        columns |= {part: values[0], f"{part}_ci_low": known(low), f"{part}_ci_high": known(high)}
    return pa.table(columns)


def sentence(split: Split, verdict: str, *, attribute: str, grain: str, period: str, against: str) -> str:
    """Return the verdict in words, with the numbers."""
    change, mix, rate = (split.estimate(part) for part in ("change", "mix", "rate"))
    earlier, later = (formats.value(rate, "share") for rate in split.rates[:, 0])
    then, now = (formats.in_period(label, grain) for label in (against, period))
    moved = {1: "rose", -1: "fell"}.get(_sign(change))
    said = (
        f"Retention {moved} from {earlier} {then} to {later} {now}, by {_points(change)}."
        if moved
        else f"Retention was {earlier} {then} and {later} {now}; the difference, {_points(change)}, may be "
        "chance."
    )
    same = f"customers of the same {attribute}" if attribute else "equally new customers"
    said += (
        f" Of it {_points(mix)} are mix: there were other customers, told apart by "
        f"{attribute or 'whether they were new'}. {_points(rate)} are rate: {same} came back "
        f"{'more' if (rate.value or 0) >= 0 else 'less'} often."
    )
    why = {
        "mix": "Mix weighs more.",
        "rate": "Rate weighs more.",
        "unclear": "Which of the two weighs more cannot be told.",
    }[verdict]
    return f"{said} {why}"


def _points(found: Estimate) -> str:
    return formats.with_interval(found, "share", sign=True)
