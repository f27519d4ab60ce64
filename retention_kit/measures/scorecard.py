"""The scorecard: every metric that retention guides ask for, of one period, with interval and change."""

from types import MappingProxyType

from retention_kit import formats
from retention_kit.data.calendar import Grain
from retention_kit.data.dataset import Dataset
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.scorecard_changes import corrected, most_telling
from retention_kit.measures.scorecard_claims import claims_of
from retention_kit.measures.scorecard_counting import Shoppers, sums_of
from retention_kit.measures.scorecard_engagement import engagement_of
from retention_kit.measures.scorecard_figures import Asked
from retention_kit.measures.scorecard_periods import compared
from retention_kit.measures.scorecard_result import Scorecard
from retention_kit.measures.scorecard_stage import stage_of
from retention_kit.measures.scorecard_tiles import tiles_of

__all__ = ["scorecard"]


def scorecard(
    dataset: Dataset,
    *,
    grain: Grain = "month",
    period: str = "",
    segment: str = "",
    level: float = 0.95,
) -> Scorecard:
    """Measure a period: every metric with its interval, and what changed since earlier periods.

    Shares of customers have Wilson's interval, the net promoter score the adjusted Wald interval;
    everything else, and all changes, have the delete-a-group jackknife's over 100 buckets of customers,
    since the same customers stand on both sides. A change counts as up or down after Holm's correction over
    all changes of the page.

    Parameters
    ----------
    dataset : Dataset
        An open dataset; its as-of date is the last day counted.
    grain : {"day", "week", "month", "quarter", "year"}
        Length of the period. A year is 365 days, 52 weeks, 12 months or 4 quarters.
    period : str
        A day of the period measured, YYYY-MM-DD; empty for the last complete one. Metrics over the whole
        life of customers (repeat rate, upsell ratio, time to second order) then run to the as-of date, else
        to the end of the period.
    segment : str
        Count only customers with this at their first order, ``attribute=value``; empty for all.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    Scorecard
        Metrics whose data are missing say what they need.

    Raises
    ------
    ParameterError
        When the period lies outside the data, or a target is set for a metric that does not exist.
    ColumnError
        When the attribute does not exist.
    DataError
        When the dataset has no orders, or no customer is selected.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> card = scorecard(open_dataset("cdnow"), grain="quarter", period="1998-03-31")
    >>> print(f"{card.tiles['retention_rate'].value:.1%}")
    48.5%
    """
    normal_quantile(level)  # refused before anything is counted
    shoppers = Shoppers.of(dataset, segment)
    when = compared(dataset, grain=grain, period=period)
    sums, sql = sums_of(shoppers, when.all)
    engagement = engagement_of(shoppers, level=level)
    tiles = corrected(tiles_of(shoppers, when, sums, engagement, level=level), level)
    notes = list(shoppers.movers.notes)
    if not when.measured.is_complete:
        notes.append(
            f"{formats.begun(formats.period(when.measured.label, grain))} is not over: its numbers are those "
            "so far, and are compared with none."
        )
    if dataset.config.targets and grain != dataset.config.target_grain:
        notes.append(
            f"The targets are meant for a {dataset.config.target_grain}, so no {grain} is compared with them."
        )
    return Scorecard(
        period=when.measured,
        previous=when.previous,
        last_year=when.last_year,
        grain=grain,
        segment=segment,
        tiles=MappingProxyType(tiles),
        what_changed=most_telling(tiles, grain=grain, currency=dataset.currency, level=level),
        stage=stage_of(dataset, when, sums, level=level),
        engagement=engagement.distribution,
        engagement_weights=engagement.weights,
        level=level,
        as_of=dataset.as_of,
        currency=dataset.currency,
        notes=tuple(notes),
        sql=sql,
        test_claims=lambda: claims_of(Asked(shoppers, when, sums, segment, level)),
    )
