"""What guides claim of retention, each claim beside the user's own figure."""

from collections.abc import Callable
from dataclasses import dataclass

from retention_kit.data.calendar import Grain
from retention_kit.data.dataset import Dataset
from retention_kit.measures import scorecard_figures as figures
from retention_kit.measures.intervals import normal_quantile
from retention_kit.measures.scorecard_counting import Shoppers, sums_of
from retention_kit.measures.scorecard_figures import Asked, Measured
from retention_kit.measures.scorecard_periods import compared
from retention_kit.measures.scorecard_result import Claim, Unit, Verdict
from retention_kit.measures.survival_result import Estimate

__all__ = ["claims_of", "guides_claims"]


@dataclass(frozen=True)
class _Figure:
    """One claim: its wording, the guides' figure, and how the user's is measured.

    ``threshold`` is what the user's figure must exceed for the claim to hold; None where no figure can
    decide it. The guides' figure is one number, or reaches to ``guides_to``.
    """

    key: str
    claim: str
    guides: float | None
    unit: Unit
    threshold: float | None
    measure: Callable[[Asked], Measured]
    caveat: str = ""
    guides_to: float | None = None


def guides_claims(
    dataset: Dataset,
    *,
    grain: Grain = "month",
    period: str = "",
    segment: str = "",
    level: float = 0.95,
) -> tuple[Claim, ...]:
    """Test what guides claim of retention on the user's own data.

    A claim holds where the whole interval of the user's figure lies on the side that it states (more than
    half, or more than the others), and does not where all of it lies on the other; else, and where the data
    cannot show it, it cannot be told. Whether the guides' figure is right too is told apart: it is, where
    the interval holds it.

    Parameters
    ----------
    dataset : Dataset
        An open dataset with orders.
    grain, period, segment, level
        As for `scorecard`. Figures are of the year up to the end of the period, as far as the data reach, or
        of all customers up to the as-of date, as each reason says.

    Raises
    ------
    ParameterError
        When the period lies outside the data.
    ColumnError
        When the attribute does not exist.
    DataError
        When the dataset has no orders, or no customer is selected.

    Examples
    --------
    >>> from retention_kit import open_dataset
    >>> claims = guides_claims(open_dataset("cdnow"), grain="quarter")
    >>> claims[0].key, claims[0].verdict
    ('existing_customers_bring_most', 'holds')
    """
    normal_quantile(level)  # refused before anything is counted
    shoppers = Shoppers.of(dataset, segment)
    when = compared(dataset, grain=grain, period=period)
    sums, _ = sums_of(shoppers, when.all)
    return claims_of(Asked(shoppers, when, sums, segment, level))


def claims_of(asked: Asked) -> tuple[Claim, ...]:
    """Return every claim beside the figure of the customers asked for."""
    return tuple(_claim(figure, asked) for figure in _FIGURES)


def _claim(figure: _Figure, asked: Asked) -> Claim:
    found = figure.measure(asked)
    own, verdict, fits = found.own, _verdict(figure, found.own), _fits(figure, found.own)
    why = [found.said]
    if fits is not None:
        why.append(_place(figure, own, fits=fits))
    if own.value is not None and figure.caveat:
        why.append(figure.caveat)
    return Claim(
        key=figure.key,
        claim=figure.claim,
        guides_value=figure.guides,
        own=own,
        unit=figure.unit,
        customers=found.customers,
        verdict=verdict,
        figure_holds=fits,
        why=" ".join(why),
    )


def _fits(figure: _Figure, own: Estimate) -> bool | None:
    """Whether the interval holds the guides' figure; None where the two cannot be compared."""
    if figure.guides is None or figure.threshold is None or own.ci_low is None or own.ci_high is None:
        return None
    return own.ci_low <= (figure.guides_to or figure.guides) and own.ci_high >= figure.guides


def _place(figure: _Figure, own: Estimate, *, fits: bool) -> str:
    ends = [end for end in (figure.guides, figure.guides_to) if end is not None]
    told = " to ".join(f"{end * 100:g}" for end in ends)
    said = f"The guides' {told} {'%' if figure.unit == 'share' else figure.unit}"
    if fits:
        return f"{said} {'overlap with' if figure.guides_to else 'lies within'} this interval."
    is_or_are = "are" if figure.guides_to or figure.unit == "points" else "is"
    return f"{said} {is_or_are} {'more' if ends[0] > (own.ci_high or 0.0) else 'less'} than the data allow."


def _verdict(figure: _Figure, own: Estimate) -> Verdict:
    low, high = own.ci_low, own.ci_high
    if figure.threshold is None or low is None or high is None:
        return "cannot be told"
    if low > figure.threshold:
        return "holds"
    return "does not hold" if high < figure.threshold else "cannot be told"


_FIGURES = (
    _Figure(
        "existing_customers_bring_most",
        "Existing customers bring most of the revenue (61 %).",
        0.61,
        "share",
        0.5,
        figures.existing_share,
    ),
    _Figure(
        "regulars_spend_more",
        "Regular customers spend 67 % more than new ones.",
        0.67,
        "share",
        0.0,
        figures.regulars_more,
        "Customers are new in their first period, which most of them begin in the middle.",
    ),
    _Figure(
        "engaged_buy_more_often",
        "Engaged customers buy 90 % more often.",
        0.9,
        "share",
        0.0,
        lambda asked: figures.engaged(asked, per_order=False),
        "The index is made of what they had bought by then: it foretells, and does not prove a cause.",
    ),
    _Figure(
        "engaged_spend_more_per_order",
        "Engaged customers spend 60 % more per order.",
        0.6,
        "share",
        0.0,
        lambda asked: figures.engaged(asked, per_order=True),
        "The index is made of what they had bought by then: it foretells, and does not prove a cause.",
    ),
    _Figure(
        "several_channels_stay",
        "Customers in several channels stay more (89 % against 33 %).",
        0.56,
        "points",
        0.0,
        figures.channels,
        "Who likes a shop uses more of its channels: this does not prove that channels keep customers.",
    ),
    _Figure(
        "winning_back_is_likelier",
        "Winning a customer back is likelier than winning a new one (70 %).",
        0.7,
        "share",
        None,
        figures.won_back,
        "Over what time the guides win 70 % back they do not say, and how many who never bought could have "
        "been won is not in the data: the two cannot be compared.",
    ),
    _Figure(
        "leaving_for_lack_of_care",
        "68 % leave because they felt not cared for, 14 % dissatisfied, 9 % for a competitor.",
        0.68,
        "share",
        None,
        figures.reasons,
        "Which of the reasons mean that somebody felt not cared for, the data do not say.",
    ),
    _Figure(
        "acquiring_costs_five_times",
        "Acquiring a customer costs five times as much as keeping one.",
        None,
        "money",
        None,
        figures.cost,
        "What it costs to keep a customer is not in the data, so the two cannot be compared.",
    ),
    _Figure(
        "five_points_raise_profit",
        "Five points more retention raise profit by 25 to 95 %.",
        0.25,
        "share",
        0.25,
        figures.profit,
        "The value stands for the profit; it is r / (1 + i − r), as if all customers were alike and left at "
        "the same rate r every year.",
        guides_to=0.95,
    ),
)
