"""Renewals and what is to come of them: counts, two models, their back-tests, in one."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from retention_kit import formats
from retention_kit.charts import churn_projection as drawn
from retention_kit.charts.chart import Chart
from retention_kit.data.calendar import Grain
from retention_kit.measures.churn import ChurnCurves
from retention_kit.measures.spells_renewals import Renewals
from retention_kit.measures.survival import survival_curve
from retention_kit.measures.survival_result import Estimate, SurvivalCurve
from retention_kit.models.contract_backtest import ContractBacktest, contract_backtest
from retention_kit.models.contract_projection import ContractProjection, contract_projection
from retention_kit.models.contract_result import ContractFit
from retention_kit.models.contractual import ContractModel, contract_fit
from retention_kit.models.renewals import RenewalCounts
from retention_kit.workbook.available import Unavailable, available

__all__ = ["Projected", "projected"]

_MODELS: tuple[ContractModel, ...] = ("shifted_beta_geometric", "beta_weibull")
_SEED = 20070101  # any will do: it makes the band the same each time
_DRAWS = 500
_YEARLY = {"day": 365.25, "week": 365.25 / 7, "month": 12.0, "quarter": 4.0, "year": 1.0}


@dataclass(frozen=True, eq=False)
class Projected:
    """Renewals observed, and the models that go on from them.

    Attributes
    ----------
    renewals : Renewals
        The counts.
    observed : SurvivalCurve
        In whole periods of contracts.
    fits, backtests : tuple
        Of each model; a back-test is missing where the data are too short, with the reason.
    ahead : ContractProjection
        The first model, from the start of a contract to ``horizon`` periods beyond the data.
    horizon : int
        Periods beyond the data.
    grain : str
        Length of a period.
    discount_rate : float or None
        Annual, of the dataset file.
    curves : ChurnCurves
        The subscriptions that the counts are of.
    """

    renewals: Renewals
    observed: SurvivalCurve
    fits: tuple[ContractFit, ...]
    backtests: tuple[ContractBacktest | Unavailable, ...]
    ahead: ContractProjection
    horizon: int
    grain: Grain
    discount_rate: float | None
    curves: ChurnCurves

    @property
    def table(self) -> pa.Table:
        """Observed and projected survival: ``age_periods``, ``observed``, and per model its share."""
        ages = self.ahead.age_periods
        seen = self.observed.survival_at(ages)
        at_risk = self.observed.at_risk_at(np.maximum(ages, 1))
        columns = {
            "age_periods": pa.array(ages),
            "at_risk": pa.array(at_risk),
            "observed": pa.array(seen, mask=np.isnan(seen)),
            "ci_low": pa.array(self.ahead.survival_low),
            "ci_high": pa.array(self.ahead.survival_high),
        }
        for name, fit in zip(_MODELS, self.fits, strict=True):
            columns[name] = pa.array(np.asarray(fit.survival(ages)))
        return pa.table(columns)

    @property
    def models(self) -> pa.Table:
        """Each model: what was asked for and fitted, parameters, likelihood, back-test, and why."""
        rows = []
        for asked, fit, test in zip(_MODELS, self.fits, self.backtests, strict=True):
            error = None if isinstance(test, Unavailable) else next(iter(test.mean_absolute_errors.values()))
            values = ", ".join(f"{name} {value:.3g}" for name, value in fit.parameters.items())
            rows.append(
                {
                    "model": asked.replace("_", " "),
                    "fitted": fit.title,
                    "parameters": values,
                    "log_likelihood": fit.log_likelihood,
                    "still_there": float(fit.survival(int(self.ahead.age_periods[-1]))),
                    "error_points": error,
                    "why": fit.reason,
                }
            )
        return pa.Table.from_pylist(rows)

    @property
    def at_end(self) -> Estimate:
        """Share still there at the end of the projection, by the first model."""
        ahead = self.ahead
        ends = (float(part[-1]) for part in (ahead.survival, ahead.survival_low, ahead.survival_high))
        return Estimate(*ends)

    @property
    def title(self) -> str:
        """What the projection says."""
        after = formats.plural(int(self.ahead.age_periods[-1]), self.grain)
        share = formats.with_interval(self.at_end, "share")
        return f"Of those who subscribe, {share} are expected after {after}"

    def chart(self) -> Chart:
        """Return the projection beside what was observed."""
        test = self.backtests[0]
        return drawn.projection(
            self.observed,
            self.fits[0],
            self.ahead,
            self.fits[1],
            None if isinstance(test, Unavailable) else test,
            title=self.title,
            asof=f"{formats.plural(self.renewals.customers, 'customer')} · as of {self.curves.as_of}",
            horizon=self.horizon,
            table=self.table,
        )

    def reading(self) -> list[str]:
        """Return the sentences on projection, back-test and renewals to come."""
        lost, longest = int(self.renewals.losses.sum()), len(self.renewals.losses)
        last = int(self.ahead.age_periods[-1])
        other = formats.value(float(self.fits[1].survival(last)), "share")
        apart = self.fits[1].title != self.fits[0].title
        second = f"; the {self.fits[1].title} model says {other}" if apart else ""
        lines = [
            f"Of {formats.plural(self.renewals.customers, 'customer')} with at least one {self.grain} of "
            f"their subscription over, {formats.count(lost)} left; the longest was seen for "
            f"{formats.plural(longest, self.grain)}. {self.title}{second}."
        ]
        lines += dict.fromkeys(test.sentence for test in self.backtests)
        if self.renewals.undecided:
            lines.append(
                f"{formats.plural(self.renewals.undecided, 'customer')} whose first {self.grain} is not over "
                f"{'says' if self.renewals.undecided == 1 else 'say'} nothing yet."
            )
        if self.discount_rate:
            per_period = (1 + self.discount_rate) ** (1 / _YEARLY[self.grain]) - 1
            fit = self.fits[0]
            expected = float(fit.residual_lifetime(1, discount_rate=per_period))
            shortcut = fit.residual_lifetime_shortcut(discount_rate=per_period)
            rate = formats.value(self.discount_rate, "share")
            lines.append(
                f"Discounted at {rate} a year, {formats.number(expected, decimals=1)} renewals are to be "
                "expected of a customer whose first one is due; taking all customers to be alike would give "
                f"{formats.number(shortcut, decimals=1)}."
            )
        return lines


def projected(
    curves: ChurnCurves, *, grain: Grain, horizon: int, level: float, discount_rate: float | None
) -> Projected:
    """Fit renewals of subscriptions, and look ahead.

    Parameters
    ----------
    curves : ChurnCurves
        Of subscriptions.
    grain : str
        Length of a period of a contract.
    horizon : int
        Periods to look ahead, beyond the longest contract.
    level : float
        Confidence level of the band.
    discount_rate : float or None
        Annual.

    Raises
    ------
    DataError
        When no customer has completed a period.
    """
    renewals = curves.renewals(grain)
    counts = RenewalCounts.of_ends(renewals.losses, renewals.staying, unit=grain)
    fits = tuple(contract_fit(counts, model=model) for model in _MODELS)
    hidden = max(1, min(horizon, renewals.longest // 3))
    tests = tuple(available(partial(_test, renewals, hidden, model, grain)) for model in _MODELS)
    longest = len(renewals.losses)
    ahead = contract_projection(
        fits[0], longest + horizon, rng=np.random.default_rng(_SEED), level=level, draws=_DRAWS
    )
    observed = survival_curve(np.arange(1, longest + 1), renewals.losses, renewals.staying, level=level)
    return Projected(renewals, observed, fits, tests, ahead, horizon, grain, discount_rate, curves)


def _test(renewals: Renewals, hidden: int, model: ContractModel, grain: Grain) -> ContractBacktest:
    return contract_backtest(renewals.cohorts, hold_out=hidden, model=model, unit=grain)
