"""Random subscriptions: overlaps, pauses, plan changes, free plans and ends without a reason."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import md5

import pyarrow as pa
from hypothesis import strategies as st
from oracle import UNKNOWN, period_starts

PLANS = ("basic", "o'clock", 'plan "pro"')
REASONS = (None, "price", "=moved", "no time")
TOWNS = (None, "Rome", "Oslo")


@dataclass(frozen=True)
class Span:
    """One subscription; it ends on the first day without it."""

    customer: str
    started: date
    ended: date | None
    plan: str = "basic"
    amount: Decimal = Decimal(10)
    reason: str | None = None

    def runs(self, day):
        return self.started <= day and (self.ended is None or self.ended > day)


@dataclass(frozen=True)
class Club:
    """All subscriptions up to the as-of date, and where the customers live."""

    spans: tuple[Span, ...]
    as_of: date
    towns: tuple[tuple[str, str | None], ...] = ()
    first_weekday: str = "monday"
    fiscal_year_start: int = 1

    @property
    def customers(self):
        return sorted({span.customer for span in self.spans})

    def of(self, customer):
        return [span for span in self.spans if span.customer == customer]

    def attribute(self, customer, name):
        mine = self.of(customer)
        if name == "town":
            return dict(self.towns).get(customer) or UNKNOWN
        first = min(span.started for span in mine)
        return min(span.plan for span in mine if span.started == first)

    def selected(self, segment):
        name, _, value = segment.partition("=")
        return [one for one in self.customers if not segment or self.attribute(one, name) == value]

    def bucket(self, customer):
        return int(md5(customer.encode()).hexdigest()[:8], 16) % 100

    def revenue(self, customer, day):
        """Recurring revenue per month on a day."""
        return sum((span.amount for span in self.of(customer) if span.runs(day)), Decimal(0))

    def period_ends(self, grain):
        """Last days of the periods that have begun; of a running one, the as-of date."""
        starts = period_starts(_Calendar(self), grain)
        return [min(later - timedelta(days=1), self.as_of) for later in starts[1:]]


class _Calendar:
    """What the oracle needs to know of a shop to lay out its periods."""

    def __init__(self, club):
        self.as_of, self.first_weekday = club.as_of, club.first_weekday
        self.fiscal_year_start = club.fiscal_year_start
        self.orders = [type("Order", (), {"at": _Moment(min(span.started for span in club.spans))})]


class _Moment(date):
    def __new__(cls, day):
        return super().__new__(cls, day.year, day.month, day.day)

    def date(self):
        return date(self.year, self.month, self.day)


@st.composite
def clubs(draw, days=None):
    """A dozen customers at most, with up to five subscriptions each over up to three years."""
    length = days or draw(st.sampled_from((40, 130, 400, 1095)))
    opened = draw(st.sampled_from((date(2023, 1, 31), date(2024, 2, 29), date(2022, 12, 31))))
    as_of = opened + timedelta(days=length)
    if draw(st.booleans()):
        as_of = as_of.replace(day=monthrange(as_of.year, as_of.month)[1])
    offset = st.integers(0, length)
    cents = st.integers(1, 9999).map(lambda n: Decimal(n) / 100) | st.sampled_from((Decimal(0), Decimal(10)))
    spans, towns = [], []
    for number in range(draw(st.integers(1, 10))):
        name, day = f"c{number}", opened + timedelta(days=draw(offset))
        towns.append((name, draw(st.sampled_from(TOWNS))))
        for _ in range(draw(st.integers(1, 5))):
            if day > as_of:
                break
            ended = day + timedelta(days=draw(st.integers(1, max(length // 2, 2))))
            ended = None if ended > as_of or draw(st.integers(0, 4)) == 0 else ended
            reason = draw(st.sampled_from(REASONS)) if ended else None
            spans.append(Span(name, day, ended, draw(st.sampled_from(PLANS)), draw(cents), reason))
            # A change of plan, an overlap, a short pause, or a long one.
            step = draw(st.sampled_from((0, 0, -5, 1, 3, 30, 90)))
            day = max((ended or day) + timedelta(days=step), opened)
    if not spans:
        spans = [Span("c0", opened, None)]
    return Club(
        tuple(draw(st.permutations(spans))),
        as_of,
        tuple(towns),
        draw(st.sampled_from(("monday", "sunday"))),
        draw(st.integers(1, 12)),
    )


def open_club(club, **changes):
    """The subscriptions of a club as a dataset, by the front door."""
    from retention_kit import open_dataset

    spans = club.spans
    table = pa.table(
        {
            "who": [span.customer for span in spans],
            "from": pa.array([span.started for span in spans], pa.date32()),
            "to": pa.array([span.ended for span in spans], pa.date32()),
            "what": [span.plan for span in spans],
            "fee": pa.array([span.amount for span in spans], pa.decimal128(12, 2)),
            "why": pa.array([span.reason for span in spans], pa.string()),
        }
    )
    people = {
        "who": [name for name, _ in club.towns],
        "home": pa.array([town for _, town in club.towns], pa.string()),
    }
    frames = {"subscriptions": table} | ({"customers": pa.table(people)} if club.towns else {})
    columns = {
        "customer_id": "who",
        "started_at": "from",
        "ended_at": "to",
        "plan": "what",
        "monthly_amount": "fee",
        "reason": "why",
    }
    settings = {
        "subscriptions": {"columns": columns},
        "as_of": club.as_of,
        "first_weekday": club.first_weekday,
        "fiscal_year_start": club.fiscal_year_start,
    }
    if club.towns:
        settings["customers"] = {"columns": {"customer_id": "who", "town": "home"}}
    return open_dataset(frames, **(settings | changes))
