"""Customers with a model fitted to them, ready to be valued over any horizon."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from retention_kit.data.config import ASSUMED_DISCOUNT_RATE
from retention_kit.errors import ParameterError
from retention_kit.planning.customer_values import customer_values
from retention_kit.planning.forecast_error import ForecastError
from retention_kit.planning.levers import LONGEST_HORIZON
from retention_kit.planning.residual_value import ResidualRows
from retention_kit.planning.shortcuts import Averages
from retention_kit.planning.value_rows import ValueRows
from retention_kit.planning.valuing import Terms, valued

if TYPE_CHECKING:
    from retention_kit.data.dataset import Dataset
    from retention_kit.measures.purchase_summary import PurchaseSummary
    from retention_kit.models.contract_backtest import ContractBacktest
    from retention_kit.models.contract_result import ContractFit
    from retention_kit.models.purchase_result import PurchaseFit
    from retention_kit.models.spend_result import SpendFit
    from retention_kit.planning.back_test_result import BackTest
    from retention_kit.planning.lifetime_result import LifetimeValue

__all__ = ["ValuedCustomers"]


@dataclass(frozen=True, eq=False)
class ValuedCustomers:
    """All that a lifetime value needs of the data; nothing in it depends on horizon, margin, rate or level.

    Attributes
    ----------
    dataset : Dataset
        The data.
    kind : {"purchases", "contracts"}
        Whether customers buy now and then, or pay until they cancel.
    model, model_reason : str
        The model that was taken, and why, in words.
    fit : PurchaseFit or ContractFit
        How customers buy, or how long they stay.
    spend : SpendFit or None
        What they spend; None for contracts, or where purchases are counted.
    back_test : BackTest, ContractBacktest or None
        None where there can be none.
    forecast_error : ForecastError or None
        Errors of earlier forecasts by horizon.
    rows : ValueRows or ResidualRows
        The customers.
    summary : PurchaseSummary or None
        Their histories; None for contracts.
    averages : Averages
        What simple formulas know.
    margin_share : float or None
        Gross margin as the dataset says; None where it does not.
    has_amount : bool
        Whether money is known.
    cost : tuple of (float, int), optional
        Mean acquisition cost, and of how many customers.
    segment, breakdown : str
        What was asked for.
    notes : tuple of str
        What a reader has to know.
    sql : str
        The statement behind the customers.
    """

    dataset: "Dataset" = field(repr=False)
    kind: Literal["purchases", "contracts"]
    model: str
    model_reason: str
    fit: "PurchaseFit | ContractFit"
    spend: "SpendFit | None"
    back_test: "BackTest | ContractBacktest | None" = field(repr=False)
    forecast_error: ForecastError | None
    rows: ValueRows | ResidualRows = field(repr=False)
    summary: "PurchaseSummary | None" = field(repr=False)
    averages: Averages
    margin_share: float | None
    has_amount: bool
    cost: tuple[float, int] | None
    segment: str
    breakdown: str
    notes: tuple[str, ...]
    sql: str = field(repr=False)

    @property
    def groups(self) -> tuple[str, ...]:
        """Values of the breakdown; one empty name without."""
        return self.rows.groups

    def value(
        self,
        *,
        horizon: int = 12,
        margin: float | None = None,
        discount_rate: float | None = None,
        level: float = 0.95,
    ) -> "LifetimeValue":
        """Return what the customers are worth.

        Parameters
        ----------
        horizon : int
            Months from now, 1 to 120.
        margin : float, optional
            Gross margin as a share of revenue, above 0 and up to 1; as the dataset says by default, and
            without one revenue is valued.
        discount_rate : float, optional
            Per year, from 0 to 1; the dataset's by default, and without one 10 %.
        level : float
            Confidence level of intervals.

        Raises
        ------
        ParameterError
            When a number is out of its range.
        """
        return valued(self, self._terms(horizon, margin, discount_rate, level))

    def _terms(self, horizon: int, margin: float | None, discount_rate: float | None, level: float) -> Terms:
        if int(horizon) != horizon or not 1 <= horizon <= LONGEST_HORIZON:
            raise ParameterError(
                f"horizon={horizon!r} is out of range.", todo=f"Give whole months, 1 to {LONGEST_HORIZON}."
            )
        if margin is not None and not 0 < margin <= 1:
            raise ParameterError(f"margin={margin!r} is out of range.", todo="Give a share above 0, up to 1.")
        if discount_rate is not None and not 0 <= discount_rate <= 1:
            raise ParameterError(
                f"discount_rate={discount_rate!r} is out of range.", todo="Give a yearly share from 0 to 1."
            )
        if not 0 < level < 1:
            raise ParameterError(
                f"level={level!r} is no confidence level.", todo="Choose one between 0 and 1."
            )
        of_dataset = self.dataset.config.discount_rate
        rate, rate_source = discount_rate, "given"
        if rate is None:
            rate, rate_source = (
                (float(of_dataset), "dataset")
                if of_dataset is not None
                else (ASSUMED_DISCOUNT_RATE, "assumed")
            )
        share, source = margin, "given"
        if share is None:
            share, source = (
                (self.margin_share, "dataset") if self.margin_share is not None else (1.0, "revenue")
            )
        if not self.has_amount:
            share, source = 1.0, "revenue"
        return Terms(int(horizon), float(share), source, float(rate), rate_source, level)

    def listed(self, value: "LifetimeValue", n: int, *, by: Literal["value", "value_at_risk"]) -> pa.Table:
        """Return the first customers by value or value at risk; for `LifetimeValue.top` and ``fading``."""
        if not isinstance(self.rows, ValueRows):
            return pa.table({"customer_id": pa.array([], pa.string()), by: pa.array([], pa.float64())})
        return customer_values(
            self.dataset,
            n,
            by=by,
            fit=self.rows.fit,
            spend=self.rows.spend,
            months=value.horizon_months,
            annual_rate=value.discount_rate,
            margin_share=value.margin_share,
            segment=self.segment,
            breakdown=self.breakdown,
        )

    @property
    def params(self) -> Mapping[str, Any]:
        """What was asked for."""
        return {"kind": self.kind, "model": self.model, "segment": self.segment, "breakdown": self.breakdown}
