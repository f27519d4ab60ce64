"""From recency-frequency rows and parameter draws to the curves that what-ifs are read from."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retention_kit.errors import ParameterError
from retention_kit.models.purchase_rows import MONTH_DAYS, UNIT_DAYS
from retention_kit.planning.beta_rule import beta_weights, log_odds_grid
from retention_kit.planning.buyer_rows import BuyerRows, Points, points_of, runs_of
from retention_kit.planning.buyers import Buyers
from retention_kit.planning.curve import Curve, time_grid
from retention_kit.planning.levers import LEVERS, LONGEST_HORIZON, Levers

__all__ = ["PurchaseModel", "buyers", "purchases_by_draw"]

PurchaseModel = Literal["bg_nbd", "mbg_nbd"]
Floats = NDArray[np.float64]
_TOGETHER = 16  # draws
_NEGLIGIBLE = 1e-13  # weight of a node
_LEAST, _MOST = 1e-9, 1e100  # of a parameter; customers who never leave have a = 0
_FLAT = 100.0  # times the greatest age; where alpha is beyond it, ages hardly matter
_CERTAIN = 700.0  # an exponent beyond which exp is no number any longer


def buyers(
    rows: BuyerRows,
    parameters: ArrayLike,
    spend: ArrayLike,
    *,
    model: PurchaseModel,
    unit: Literal["day", "week"],
    start: Levers,
) -> Buyers:
    """Return customers who buy now and then, ready for what-ifs.

    Parameters
    ----------
    rows : BuyerRows
        Distinct rows, with counts.
    parameters : array_like, shape (4, draws)
        r, alpha, a, b of the purchase model, alpha in its unit of time.
    spend : array_like, shape (3, draws) or (1, draws)
        p, q, v of the Gamma-Gamma model; or one mean revenue per purchase for everybody.
    model : {"bg_nbd", "mbg_nbd"}
        Whether customers can leave after repeat purchases only, or after the first one too.
    unit : {"day", "week"}
        The model's unit of time.
    start : Levers
        Where the levers stand in the data.

    Returns
    -------
    Buyers

    Raises
    ------
    ParameterError
        Draws do not fit together or are negative, or the mean spend does not exist (q up to 1).

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24(2), 275-284 (BG/NBD). Batislam, Denizel and
    Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209 (MBG/NBD). Fader and
    Hardie (2013), "The Gamma-Gamma model of monetary value".
    """
    drawn, paid = _checked(parameters, 4), _checked(spend, 1 if np.shape(spend)[:1] == (1,) else 3)
    if drawn.shape[1] != paid.shape[1]:
        raise ParameterError(
            f"There are {drawn.shape[1]} draws of the purchase model and {paid.shape[1]} of the spend.",
            todo="Give as many of one as of the other.",
        )
    if paid.shape[0] == 3 and (paid[1] <= 1).any():
        raise ParameterError(
            f"{(paid[1] <= 1).sum()} of {paid.shape[1]} draws of q are at most 1: there is no mean spend.",
            todo="Give one mean revenue per purchase in place of the Gamma-Gamma model.",
        )
    groups, month = len(rows.segments), MONTH_DAYS / UNIT_DAYS[unit]
    points, scale = _points(rows, drawn), min(float(drawn[1].min()), month)
    longest = (1 + LEVERS["frequency"].high) * LONGEST_HORIZON * month
    times = time_grid(scale, longest)
    at_once = float(model == "mbg_nbd")
    sums = []
    for values, bought, shared in _gathered(rows, points, drawn, paid, at_once):
        today = _sums(points.frequency, points.age, values, at_once, times, shared)
        mean = np.full((2, 1, 1), _spend_of_new(bought))
        sums.append([*today, *_sums(np.zeros(1), np.zeros(1), values, 0.0, times, mean)])
    curves = [
        Curve(scale, longest, *(np.array([one[k][part] for one in sums]) for part in (0, 1)))
        for k in range(4)
    ]
    return Buyers(
        rows.segments,
        np.asarray(np.bincount(rows.member, weights=rows.customers, minlength=groups), dtype=np.float64),
        month,
        curves[0], curves[1], curves[2], curves[3],
        np.array([_spend_of_new(bought) for bought in paid.T]),
        bool(at_once),
        start,
        _approximation(rows, curves, drawn[:, 0], paid[:, 0], at_once, month),
    )  # fmt: skip


def purchases_by_draw(
    rows: BuyerRows, parameters: ArrayLike, horizon: float, *, model: PurchaseModel
) -> Floats:
    """Return the purchases that all customers together are expected to make, by each draw.

    Parameters
    ----------
    rows : BuyerRows
        Distinct rows, with counts.
    parameters : array_like, shape (4, draws)
        As for `buyers`.
    horizon : float
        Time from now, in the model's unit.
    model : {"bg_nbd", "mbg_nbd"}
        As for `buyers`.

    Returns
    -------
    ndarray, shape (draws,)
    """
    drawn = _checked(parameters, 4)
    points, at_once, times = _points(rows, drawn), float(model == "mbg_nbd"), np.array([horizon])
    one_each = np.ones((1, drawn.shape[1]))
    return np.array(
        [
            _sums(points.frequency, points.age, values, at_once, times, shared)[0][0].sum()
            for values, _, shared in _gathered(rows, points, drawn, one_each, at_once)
        ]
    )


def _points(rows: BuyerRows, drawn: Floats) -> Points:
    return points_of(rows, min(float(drawn[1].min()), _FLAT * (1 + float(rows.age.max()))))


def _gathered(
    rows: BuyerRows, points: Points, drawn: Floats, paid: Floats, at_once: float
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Each draw of both models, with its weights shared out among the points."""
    for some in np.array_split(np.arange(drawn.shape[1]), -(-drawn.shape[1] // _TOGETHER)):
        weights = np.array([_weights(rows, drawn[:, d], paid[:, d], at_once) for d in some])
        for d, shared in zip(some, points.gathered(weights, len(rows.segments)), strict=True):
            yield drawn[:, d], paid[:, d], shared


def _sums(
    x: Floats, age: Floats, values: Floats, at_once: float, times: Floats, weights: Floats
) -> list[tuple[Floats, Floats]]:
    """Purchases up to each time weighted by the first weights, presence by the second; with slopes.

    Weights have shape (2, groups, len(x)); each result (groups, times).
    """
    r, alpha, a, b = values
    numbers, which = np.unique(x, return_inverse=True)
    left = b + numbers + at_once
    odds = log_odds_grid(np.full(numbers.size, a), left)
    shares = beta_weights(odds, np.full(numbers.size, a), left)
    used = (shares > _NEGLIGIBLE).any(axis=0)
    odds, shares = odds[:, used], shares[:, used]
    leaving = np.maximum(np.exp(-np.logaddexp(0.0, -odds)), np.finfo(float).tiny)
    per_leaving, in_all, leavers = (w[which] for w in (shares / leaving, shares, shares * leaving))
    s, beta = (r + x)[:, None, None], (alpha + age)[:, None]
    chance = (times / beta)[..., None] * leaving[which][:, None]  # p t / beta, shape (points, times, nodes)
    gone = np.expm1(-s * np.log1p(chance))
    rates = (1 + gone) / (1 + chance)
    bought, left_by = np.moveaxis(-gone @ np.stack([per_leaving, in_all], axis=-1), -1, 0)
    buying, going = np.moveaxis(rates @ np.stack([in_all, leavers], axis=-1), -1, 0) * (s[..., 0] / beta)
    return [(weights[0] @ bought, weights[0] @ buying), (weights[1] @ (1 - left_by), -weights[1] @ going)]


def _weights(rows: BuyerRows, values: Floats, bought: Floats, at_once: float) -> Floats:
    """Revenue per purchase of the active customers of each row, and those customers; shape (2, rows)."""
    active = rows.customers * _probability_alive(rows, values, at_once)
    return np.array([active * _mean_spend(rows, bought), active])


def _probability_alive(rows: BuyerRows, values: Floats, at_once: float) -> Floats:
    r, alpha, a, b = values
    x = rows.frequency
    with np.errstate(divide="ignore"):
        odds = np.log(a) - np.log(np.maximum(b + x - 1 + at_once, 0.0))
    odds = odds + (r + x) * np.log((alpha + rows.age) / (alpha + rows.recency))
    alive = 1 / (1 + np.exp(np.minimum(odds, _CERTAIN)))
    return np.asarray(alive if at_once else np.where(x > 0, alive, 1.0))


def _mean_spend(rows: BuyerRows, bought: Floats) -> Floats:
    """Expected revenue per purchase, mean over the customers of each row."""
    if bought.size == 1:
        return np.full(rows.frequency.shape, bought[0])
    p, q, v = bought
    return np.asarray(p * (v + rows.repeat_revenue / rows.customers) / (p * rows.frequency + q - 1))


def _spend_of_new(bought: Floats) -> float:
    return float(bought[0] if bought.size == 1 else bought[0] * bought[2] / (bought[1] - 1))


def _approximation(
    rows: BuyerRows, curves: list[Curve], values: Floats, bought: Floats, at_once: float, month: float
) -> float:
    """Greatest relative error of the first draw's curves, over segments, half a year to ten years."""
    times = month * np.array([6.0, 12.0, 36.0, 120.0])
    weights = _weights(rows, values, bought, at_once)
    starts = runs_of(rows)
    runs, member = np.add.reduceat(weights, starts, axis=1), rows.member[starts]
    exact = np.zeros((2, len(rows.segments), times.size))
    for part in np.array_split(np.arange(starts.size), 1 + starts.size // 2000):
        inside = (member[part] == np.arange(len(rows.segments))[:, None]).astype(float)
        at = starts[part]
        found = _sums(rows.frequency[at], rows.age[at], values, at_once, times, runs[:, None, part] * inside)
        exact += np.array([bundle[0] for bundle in found])
    got = np.array([curve.at(times[None])[0] for curve in curves[:2]])
    some = exact > 0
    return float(np.abs(got[some] / exact[some] - 1).max(initial=0.0))


def _checked(parameters: ArrayLike, rows: int) -> Floats:
    values = np.asarray(parameters, dtype=float)
    if values.ndim != 2 or values.shape[0] != rows or not values.size or not (values >= 0).all():
        raise ParameterError(
            f"Parameter draws of shape {values.shape} do not fit, or are not all numbers of at least 0.",
            todo=f"Give {rows} row{'s' * (rows > 1)} of numbers, one column per draw.",
        )
    return np.asarray(np.clip(values, _LEAST, _MOST))
