"""Random shops, and random parameters that make sense for them."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from oracle import Order, Shop

CHANNELS = ("web", "o'clock", 'shop "one"', "a?b=c", "x'; DROP TABLE orders; --")
ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Rome",
    "America/New_York",
    "America/Sao_Paulo",  # the clocks went forward at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kolkata",
)
# First days from which month ends, leap days, clock changes and turns of the year come within reach.
FIRST_DAYS = (date(2023, 1, 31), date(2024, 2, 29), date(2017, 10, 1), date(2023, 10, 27), date(2022, 12, 31))
CLOCK_TIMES = tuple(
    time.fromisoformat(text)
    for text in ("00:00", "00:30", "01:30", "02:30", "03:00", "12:00", "23:30", "23:59:59.999999")
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONEY = ("orders", "revenue", "margin", "revenue_per_customer", "cumulative_value")

slow = settings(
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # examples are small; shrinking them would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def shops(draw, days=None):
    """A dozen customers at most, over up to three years, many of them on awkward days."""
    length = days or draw(st.sampled_from((3, 40, 130, 400, 1095)))
    first = draw(st.sampled_from(FIRST_DAYS))
    day = st.integers(0, length).map(lambda n: first + timedelta(days=n)) | st.integers(0, length // 30).map(
        lambda n: first + timedelta(days=round(n * 30.44))
    )
    clock = st.sampled_from(CLOCK_TIMES) if draw(st.booleans()) else st.just(time())
    cents = st.integers(0, 500_000).map(lambda n: Decimal(n) / 100)
    some = st.sampled_from((None, *draw(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3))))
    orders = []
    for number in range(draw(st.integers(1, 12))):
        for _ in range(draw(st.integers(1, 6))):
            at = datetime.combine(draw(day), draw(clock))
            amount, share = draw(cents | st.just(Decimal(0))), draw(st.integers(-20, 100))
            margin = (amount * share / 100).quantize(Decimal("0.01"))
            orders.append(Order(f"c{number}", at, amount, margin, draw(some), draw(some)))
    last = max(order.at for order in orders).date()
    as_of = last + timedelta(days=draw(st.sampled_from((0, 0, 1, 6, 30, 100))))
    if draw(st.booleans()):
        as_of = _month_end(as_of)
    return Shop(
        tuple(draw(st.permutations(orders))),
        as_of,
        time_zone=draw(st.sampled_from(ZONES)),
        first_weekday=draw(st.sampled_from(WEEKDAYS)),
        fiscal_year_start=draw(st.integers(1, 12)),
    )


def _month_end(day):
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


@st.composite
def choices(draw, shop):
    """Any parameters that make sense together for a shop."""
    first = min(order.at for order in shop.orders).date()
    length = (shop.as_of - first).days
    grains = ["month", "quarter", "year"] + ["week"] * (length <= 450) + ["day"] * (length <= 45)
    chosen = {"grain": draw(st.sampled_from(grains)), "clock": draw(st.sampled_from(("calendar", "elapsed")))}
    chosen["measure"] = draw(st.sampled_from(("customers",) * 5 + MONEY))
    customers = chosen["measure"] == "customers"
    modes = ("bounded", "range", "unbounded", "streak") if customers else ("bounded", "range")
    chosen["mode"] = draw(st.sampled_from(modes))
    if customers:
        chosen["min_orders"] = draw(st.sampled_from((1, 1, 2, 3)))
    if chosen["mode"] == "range":
        chosen["brackets"] = draw(st.sampled_from(("1-3,4-6,7-12", "0,1-2,5-90", "2-2,3-400", "0-1000")))
    elif draw(st.booleans()):
        chosen["age_from"] = draw(st.sampled_from((0, 0, 1, 2)))
        chosen["age_to"] = draw(st.integers(chosen["age_from"], chosen["age_from"] + 20))
    attributes = st.sampled_from(("", "", "", "channel", "device"))
    for name in ("cohort_by", "breakdown"):
        chosen[name] = draw(attributes)
    for name in ("segment", "orders"):
        attribute = draw(attributes)
        values = {getattr(order, attribute) for order in shop.orders} - {None} if attribute else set()
        values |= {"(unknown)"} if name == "segment" else set()
        chosen[name] = f"{attribute}={draw(st.sampled_from(sorted(values)))}" if attribute and values else ""
    day = st.integers(-5, max(length // 2, 5)).map(lambda n: (first + timedelta(days=n)).isoformat())
    if draw(st.integers(0, 3)) == 0:
        chosen["cohort_from"], chosen["cohort_to"] = draw(day | st.just("")), draw(day | st.just(""))
    chosen["smallest_cohort"] = draw(st.sampled_from((1, 1, 2, 4)))
    chosen["level"] = draw(st.sampled_from((0.95, 0.8)))
    return chosen
