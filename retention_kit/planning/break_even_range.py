"""How far the break-even is uncertain: where it lies if little comes of the forecast, and if much does."""

import numpy as np

from retention_kit.planning.break_even import break_even
from retention_kit.planning.comparison import change_by_draw
from retention_kit.planning.comparison_result import Comparison
from retention_kit.planning.customer_base import CustomerBase
from retention_kit.planning.flows import flows
from retention_kit.planning.forecast_error import ForecastError

__all__ = ["break_even_range"]


def break_even_range(
    base: CustomerBase, comparison: Comparison, *, back_test: ForecastError | None = None
) -> tuple[float | None, float | None]:
    """Return the saved shares at which a scenario breaks even if much, and if little, of the forecast comes.

    How much comes is read from the gain at the likely saved share: its interval over the draws of the
    parameters and the errors of the back-test, relative to its mean.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    comparison : Comparison
        From `compare`.
    back_test : ForecastError, optional
        As given to `compare`.

    Returns
    -------
    tuple of (float or None, float or None)
        Low and high; None where no saved share is enough, or the scenario gains nothing to begin with.
    """
    scenario, quo = comparison.scenario, comparison.status_quo
    gains, of_new, *_ = change_by_draw(flows(base, scenario), flows(base, quo))
    gain = gains.sum(axis=1) + of_new
    if gain.mean() <= 0:
        return None, None
    ratios = np.ones(1) if back_test is None else back_test.ratios(scenario.horizon_months)
    tails = ((1 + comparison.level) / 2, (1 - comparison.level) / 2)
    found = []
    for ratio in np.quantile(np.multiply.outer(ratios, gain) / gain.mean(), tails):
        at = break_even(
            base, scenario, quo, ratio=float(ratio), gain=comparison.gain.value, cost=comparison.cost
        )
        found.append(at.saved_share)
    return found[0], found[1]
