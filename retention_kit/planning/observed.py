"""From a dataset to the base of what-ifs: today's customers as a fitted model sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from retention_kit import formats
from retention_kit.data.dataset import Dataset
from retention_kit.errors import DataError
from retention_kit.measures.churn import ChurnCurves, churn_basis, churn_curves
from retention_kit.measures.contract_holders import running_contracts
from retention_kit.measures.purchase_summary import purchase_summary
from retention_kit.planning.centre import centre_of
from retention_kit.planning.customer_base import CustomerBase
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.lever_starts import (
    UNKNOWN_MARGIN,
    known_margin,
    new_per_month,
    start_of,
)
from retention_kit.planning.levers import Levers

if TYPE_CHECKING:
    from retention_kit.planning.model_choice import ModelAsked, Tested

__all__ = ["Observed", "observed"]

Basis = Literal["orders", "subscriptions"]
_DRAWS = 64  # enough for intervals that are shown with two digits
_SEED = 20050101  # any will do: it makes the draws the same each time
_FEW = 30  # customers: a model of fewer follows single ones


@dataclass(frozen=True, eq=False)
class Observed:
    """Today's customers, ready for what-ifs, and what is known of them.

    Attributes
    ----------
    base : CustomerBase
        The customers; its ``start`` says where each lever stands in the data.
    basis : {"orders", "subscriptions"}
        What makes them customers.
    attribute : str
        What the segments are values of; empty without.
    model : str
        Name of the fitted model, and how it was found.
    sources : mapping of str to str
        Where the starting value of a lever comes from, by the lever's name.
    back_test : ForecastError or None
        How far such forecasts have been off on these data.
    tested : str
        The back-test in words, or why there is none.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement behind the counts.
    """

    base: CustomerBase
    basis: Basis
    attribute: str
    model: str
    sources: Mapping[str, str]
    back_test: ForecastError | None
    tested: str
    notes: tuple[str, ...]
    sql: str

    @property
    def knows_margin(self) -> bool:
        """Whether the data or the dataset file say what the margin is."""
        return self.sources["margin"] != UNKNOWN_MARGIN

    def status_quo(self, scenario: Levers) -> Levers:
        """Return where the levers stand today; at the scenario's margin where no other is known."""
        start = self.base.start
        return start if self.knows_margin else replace(start, margin=scenario.margin)


def observed(
    dataset: Dataset,
    *,
    basis: Literal["auto", "orders", "subscriptions"] = "auto",
    breakdown: str = "",
    model: "ModelAsked" = "auto",
    tested: "Tested | None" = None,
) -> Observed:
    """Fit today's customers, and return them ready for what-ifs.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders or subscriptions, and their amounts.
    basis : {"auto", "orders", "subscriptions"}
        What makes them customers; auto: orders where there are some.
    breakdown : str
        Attribute at the first order or subscription whose values are kept apart; empty for none.
    model : {"auto", "bg_nbd", "mbg_nbd"}
        How orders are modelled; auto: by likelihood and hold-out, as `tested_model` says.
    tested : tuple, optional
        What `tested_model` says of the same orders and model, to spare testing it again.

    Returns
    -------
    Observed

    Raises
    ------
    ColumnError, ParameterError
        There is no such attribute, or it has too many values.
    DataError
        The table is missing, it has no amounts, or nobody has come back.
    """
    if churn_basis(dataset, basis) == "orders":
        return _of_orders(dataset, breakdown, model, tested)
    return _of_subscriptions(dataset, breakdown)


def _of_orders(dataset: Dataset, breakdown: str, model: "ModelAsked", tested: "Tested | None") -> Observed:
    # Here, because they load SciPy, and a page that shows what was computed before needs none.
    from retention_kit.models.purchase_fitting import purchase_fit
    from retention_kit.models.spend_fitting import spend_fit
    from retention_kit.planning.buyer_fitting import buyers
    from retention_kit.planning.buyer_rows import BuyerRows
    from retention_kit.planning.model_choice import tested_model

    summary = purchase_summary(dataset, breakdown=breakdown)
    rows = summary.rows
    if not summary.has_amount:
        raise DataError(
            "What-ifs weigh money, and the orders have no amounts.",
            todo="Map amount in [orders.columns].",
        )
    again = int(rows.frequency @ rows.customers)
    if not again or rows.spend.sum() <= 0:
        raise DataError(
            "Nobody has paid for a second purchase yet, so what customers will bring cannot be told.",
            todo="Wait until some come back, or choose a later as-of date.",
        )
    if tested is None:
        tested = tested_model(dataset, model=model, calibration_end=None, segment="")
    chosen, test, why = tested
    fit, spend = purchase_fit(rows, model=chosen), spend_fit(summary.spend_rows)
    rng = np.random.default_rng(_SEED)
    drawn, paid = fit.draws(_DRAWS, rng=rng), spend.draws(_DRAWS, rng=rng)
    if not (paid[1] > 1).all():
        paid = np.full((1, _DRAWS), rows.spend.sum() / again)
    start, sources = start_of(
        dataset, "orders", *known_margin(dataset, summary), new_per_month(rows.age_days, rows.customers)
    )
    histories = BuyerRows.of(
        rows.frequency,
        rows.recency,
        rows.age,
        customers=rows.customers,
        repeat_revenue=rows.spend,
        segment=np.array(summary.groups)[rows.group],
    )
    made = partial(buyers, histories, model=chosen, unit=summary.unit, start=start)
    spent = [spend.p, spend.q, spend.v] if paid.shape[0] > 1 else paid[:, 0]
    base = made(drawn, paid)
    estimated = made(np.array([[fit.r], [fit.alpha], [fit.a], [fit.b]]), np.reshape(spent, (-1, 1)))
    base = replace(base, centre=centre_of(base, estimated))
    error = test.forecast_error if test is not None else None
    return Observed(
        base=base,
        basis="orders",
        attribute=breakdown,
        model=f"Purchases: {fit.title}. {why} {fit.reason} Spend: {spend.title}. {spend.reason}",
        sources=sources,
        back_test=error,
        tested=_told(test.sentence if test is not None else why, error),
        notes=(
            *summary.notes,
            *base.notes,
            *_too_few(rows.customers[rows.frequency > 0].sum(), "bought again"),
        ),
        sql=summary.sql,
    )


def _of_subscriptions(dataset: Dataset, breakdown: str) -> Observed:
    from retention_kit.models.contractual import contract_fit
    from retention_kit.models.renewals import RenewalCounts
    from retention_kit.planning.contract_errors import contract_errors
    from retention_kit.planning.subscriber_fitting import (
        subscriber_estimates,
        subscriber_parameters,
        subscribers,
    )

    contracts = running_contracts(dataset, breakdown=breakdown)
    people = contracts.customers.astype(float)
    if not people.size:
        raise DataError(
            f"No subscription runs on {dataset.as_of}, so nobody is left whom a programme could keep.",
            todo="Choose an earlier as-of date.",
        )
    if not (contracts.amount > 0).any():
        raise DataError(
            "What-ifs weigh money, and the subscriptions have no amounts.",
            todo="Map monthly_amount, or amount and billing_months, in [subscriptions.columns].",
        )
    curves = churn_curves(dataset, basis="subscriptions")
    renewals = curves.renewals("month")
    fit = contract_fit(RenewalCounts.of_ends(renewals.losses, renewals.staying, unit="month"))
    start, sources = start_of(dataset, "subscriptions", *known_margin(dataset), _new_subscribers(curves))
    made = partial(
        subscribers,
        contracts.renewals,
        people,
        people * contracts.amount,
        start=start,
        segment=np.array(contracts.groups)[contracts.group],
    )
    base = made(subscriber_parameters(fit, _DRAWS, rng=np.random.default_rng(_SEED)))
    base = replace(base, centre=centre_of(base, made(subscriber_estimates(fit))))
    error, reason = contract_errors(renewals.cohorts)
    return Observed(
        base=base,
        basis="subscriptions",
        attribute=breakdown,
        model=f"Contracts: {fit.title}, renewed by the month. {fit.reason}",
        sources=sources,
        back_test=error,
        tested=_told(reason, error),
        notes=(*contracts.notes, *base.notes, *_too_few(people.sum(), "a running contract")),
        sql=contracts.sql,
    )


def _too_few(customers: float, what: str) -> tuple[str, ...]:
    """What to say where a model rests on few customers."""
    if customers >= _FEW:
        return ()
    who = f"{formats.plural(round(customers), 'customer')} {'has' if customers == 1 else 'have'}"
    return (f"Only {who} {what}: too few to rely on these figures.",)


def _told(sentence: str, error: ForecastError | None) -> str:
    """The back-test in words, with how far forecasts over the longest horizon tested were off."""
    if error is None:
        return sentence
    way = "more" if error.mean[-1] >= 0 else "less"
    return (
        f"{sentence} Of forecasts made at earlier days, those over {error.months[-1]:.0f} months saw "
        f"{formats.value(abs(error.mean[-1]), 'share')} {way} come than foreseen, give or take "
        f"{formats.value(float(error.sd[-1]), 'share')}."
    ).strip()


def _new_subscribers(curves: ChurnCurves) -> float:
    days_ago = (np.datetime64(curves.as_of) - curves.lives.started).astype(np.int64)
    return new_per_month(days_ago, curves.lives.customers)
