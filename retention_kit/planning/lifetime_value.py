"""Lifetime value: what today's customers are worth from now on, and how far that can be trusted."""

from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from retention_kit import formats
from retention_kit.errors import DataError
from retention_kit.measures.churn import churn_basis, churn_curves
from retention_kit.measures.contract_holders import acquisition_cost, running_contracts
from retention_kit.measures.purchase_holdout import purchase_spends
from retention_kit.measures.purchase_summary import PurchaseSummary, purchase_summary
from retention_kit.models.purchase_fitting import purchase_fit
from retention_kit.models.spend_fitting import spend_fit
from retention_kit.planning.contract_errors import contract_errors
from retention_kit.planning.lever_starts import known_margin
from retention_kit.planning.model_choice import ModelAsked, tested_model
from retention_kit.planning.residual_value import residual_rows
from retention_kit.planning.shortcuts import averages_of_contracts, averages_of_orders
from retention_kit.planning.value_rows import value_rows
from retention_kit.planning.valued_customers import ValuedCustomers

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.models.contract_backtest import ContractBacktest
    from retention_kit.models.purchase_result import PurchaseFit
    from retention_kit.models.spend_result import SpendFit
    from retention_kit.planning.back_test_result import BackTest
    from retention_kit.planning.lifetime_result import LifetimeValue
    from retention_kit.planning.model_choice import Tested

__all__ = ["lifetime_value", "valued_customers"]

Asked = Literal["auto", "orders", "subscriptions"]
_TIED = 0.1  # correlation of frequency and spend worth telling
_FEW = 100  # customers, below which intervals are wide


def lifetime_value(
    dataset: "Dataset",
    *,
    basis: Asked = "auto",
    model: ModelAsked = "auto",
    horizon: int = 12,
    margin: float | None = None,
    discount_rate: float | None = None,
    segment: str = "",
    breakdown: str = "",
    level: float = 0.95,
    calibration_end: date | None = None,
) -> "LifetimeValue":
    """Return what today's customers are worth: discounted gross margin from now over a horizon.

    Orders: discounted expected purchases x expected spend per purchase x margin, by BG/NBD or MBG/NBD with
    Gamma-Gamma. Subscriptions: survival x margin of the contracts that run, by the shifted beta-geometric
    model. Everything is computed on distinct histories, whatever the number of customers.

    Parameters
    ----------
    dataset : Dataset
        An open dataset.
    basis : {"auto", "orders", "subscriptions"}
        What is valued; auto: orders where there are any.
    model : {"auto", "bg_nbd", "mbg_nbd"}
        Of purchases; auto: by likelihood and hold-out, as `tested_model` says.
    horizon, margin, discount_rate, level
        As for `ValuedCustomers.value`.
    segment : str
        Value only customers with this at their first order or subscription, ``attribute=value``.
    breakdown : str
        Attribute of the groups; empty for none.
    calibration_end : date, optional
        Last day that the back-test's model knows; two thirds of the time observed by default.

    Returns
    -------
    LifetimeValue

    Raises
    ------
    ParameterError
        When a parameter is out of its range.
    ColumnError
        When an attribute does not exist.
    DataError
        When there is nobody to value, or the basis is not in the data.

    References
    ----------
    Fader, Hardie and Lee (2005), "RFM and CLV: using iso-value curves for customer base analysis", Journal
    of Marketing Research 42(4), 415-430. Fader and Hardie (2010), Marketing Science 29(1), 85-93.
    """
    found = valued_customers(
        dataset,
        basis=basis,
        model=model,
        segment=segment,
        breakdown=breakdown,
        calibration_end=calibration_end,
    )
    return found.value(horizon=horizon, margin=margin, discount_rate=discount_rate, level=level)


def valued_customers(
    dataset: "Dataset",
    *,
    basis: Asked = "auto",
    model: ModelAsked = "auto",
    segment: str = "",
    breakdown: str = "",
    calibration_end: date | None = None,
    tested: "Tested | None" = None,
) -> ValuedCustomers:
    """Return customers with a model fitted and tested, ready for `ValuedCustomers.value`.

    Parameters, errors
        As for `lifetime_value`; ``tested`` is what `tested_model` says of the same customers' orders, to
        spare testing them again.
    """
    if churn_basis(dataset, basis) == "subscriptions":
        return _contracts(dataset, segment, breakdown)
    # First, so that a name that does not exist is told before anything is fitted.
    summary = purchase_summary(dataset, segment=segment, breakdown=breakdown)
    if tested is None:
        tested = tested_model(dataset, model=model, calibration_end=calibration_end, segment=segment)
    chosen, test, why = tested
    fit = purchase_fit(summary.rows, model=chosen)
    spend = spend_fit(summary.spend_rows) if summary.has_amount else None
    known = spend is not None and spend.model != "no_spend"
    taken = spend if known else None
    singles = purchase_spends(dataset, segment=segment)
    notes = [*summary.notes, *_told(summary, fit, spend, has_amount=known)]
    error = test.forecast_error if test is not None else None
    if error is None:
        notes.append(
            test.error_reason
            if test is not None
            else "Without a back-test, intervals hold parameters and chance only: they are too narrow."
        )
    return ValuedCustomers(
        dataset=dataset,
        kind="purchases",
        model=fit.model,
        model_reason=why if fit.model == chosen else _instead(fit, test, why),
        fit=fit,
        spend=taken,
        back_test=test,
        forecast_error=error,
        rows=value_rows(summary, singles, fit, taken),
        summary=summary,
        averages=averages_of_orders(summary.rows, has_amount=known),
        margin_share=known_margin(dataset, summary)[0] if known else None,
        has_amount=known,
        cost=acquisition_cost(dataset, basis="orders", segment=segment),
        segment=segment,
        breakdown=breakdown,
        notes=tuple(notes),
        sql=summary.sql,
    )


def _instead(fit: "PurchaseFit", test: "BackTest | None", why: str) -> str:
    """Why it is the model it is, where the data do not carry the one that was chosen."""
    return fit.reason if test is not None else f"{why} {fit.reason}"


def _told(
    summary: PurchaseSummary, fit: "PurchaseFit", spend: "SpendFit | None", *, has_amount: bool
) -> list[str]:
    notes = [*([] if fit.converged else [fit.reason]), *_few(summary.customers)]
    if spend is None:
        notes.append(
            "The orders have no amounts, so purchases are counted, discounted, in place of money: map amount "
            "in [orders.columns]."
        )
    elif not has_amount:
        notes.append(f"{spend.reason} Purchases are counted, discounted, in place of money.")
    elif not spend.converged:
        notes.append(spend.reason)
    tie = spend.frequency_correlation if spend is not None else float("nan")
    if abs(tie) >= _TIED:
        more, effect = ("more", "too low") if tie > 0 else ("less", "too high")
        tied = formats.number(tie, decimals=2)
        notes.append(
            f"Who buys more often spends {more} per purchase (correlation {tied}). The models take both to "
            f"be independent, so the value of the most frequent buyers tends to be {effect}."
        )
    if not fit.first and fit.a > 0:
        notes.append(
            "BG/NBD holds customers without a repeat purchase there for certain: the mean chance to be there "
            "is no share of active customers."
        )
    return notes


def _few(customers: int) -> list[str]:
    if customers >= _FEW:
        return []
    people = formats.plural(customers, "customer")
    return [f"The data hold {people}: a model of so few is little more than a guess."]


def _contracts(dataset: "Dataset", segment: str, breakdown: str) -> ValuedCustomers:
    from retention_kit.models.contractual import contract_fit
    from retention_kit.models.renewals import RenewalCounts

    contracts = running_contracts(dataset, segment=segment, breakdown=breakdown)
    if not contracts.customers.size:
        raise DataError(f"No subscription of this selection runs on {dataset.as_of}.", todo="Widen segment.")
    renewals = churn_curves(dataset, basis="subscriptions", segment=segment).renewals("month")
    counts = RenewalCounts.of_ends(renewals.losses, renewals.staying, unit="month")
    fit = contract_fit(counts)
    if fit.model not in ("shifted_beta_geometric", "constant_churn"):
        fit = contract_fit(counts, model="constant_churn")
    money = bool((contracts.amount > 0).any())
    holders = int(contracts.customers.sum())
    notes = [*contracts.notes, *([] if fit.converged else [fit.reason]), *_few(holders)]
    if contracts.unknown and money:
        notes.append(
            f"{contracts.unknown:,} customers have contracts without an amount; they count as worth nothing."
        )
    if not money:
        notes.append(
            "The subscriptions that run have no amounts above 0, so months of contract are counted, "
            "discounted, in place of money: map monthly_amount, or amount and billing_months, in "
            "[subscriptions.columns]."
        )
    error, reason = contract_errors(renewals.cohorts)
    if reason:
        notes.append(reason)
    people = contracts.customers.astype(float)
    mean = float(people @ contracts.amount / people.sum()) if money else 1.0
    return ValuedCustomers(
        dataset=dataset,
        kind="contracts",
        model=fit.model,
        model_reason=fit.reason,
        fit=fit,
        spend=None,
        back_test=_contract_test(renewals.cohorts),
        forecast_error=error,
        rows=residual_rows(contracts, fit, as_of=dataset.as_of, money=money),
        summary=None,
        averages=averages_of_contracts(fit, amount=mean),
        margin_share=known_margin(dataset)[0] if money else None,
        has_amount=money,
        cost=acquisition_cost(dataset, basis="subscriptions", segment=segment),
        segment=segment,
        breakdown=breakdown,
        notes=tuple(notes),
        sql=contracts.sql,
    )


def _contract_test(cohorts: tuple[NDArray[np.int64], ...]) -> "ContractBacktest | None":
    from retention_kit.models.contract_backtest import contract_backtest

    longest = max((cohort.size - 1 for cohort in cohorts), default=0)
    try:
        return contract_backtest(cohorts, hold_out=max(1, longest // 3), unit="month")
    except DataError:
        return None
