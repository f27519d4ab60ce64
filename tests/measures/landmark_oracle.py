"""The naive oracle of landmarks: one customer after the other, and one day after the other.

A world holds everything that can be known of some customers; nothing of the package is imported to say
what became of them.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa
from gap_oracle import churn
from hypothesis import strategies as st

FIRST = date(2023, 1, 30)
SCALES = {"nps": ((0, 10), (0, 10), (1, 10)), "csat": ((1, 5), (1, 5), (1, 7))}  # the usual one first
TOWNS = ("Rome", "L'Aquila", None)
CHANNELS = ("web", "shop", "o'clock", None)
PRODUCTS = ("tea", "cups", "pots", "spoons", None)


@dataclass
class Person:
    """What is known of a customer; days are dates."""

    orders: list = field(default_factory=list)  # (day, channel, product)
    spans: list = field(default_factory=list)  # (first day, first day without, or None)
    answers: list = field(default_factory=list)  # (day, question, score, lowest, highest)
    complaints: list = field(default_factory=list)  # (opened, resolved or None)
    known: bool = True
    town: str | None = None
    joined: date | None = None


@dataclass
class World:
    people: dict
    as_of: date

    def start(self, name, basis):
        person = self.people[name]
        days = [order[0] for order in person.orders] if basis == "orders" else [s[0] for s in person.spans]
        return min(days, default=None)

    def left(self, name, basis, rule):
        """The day on which the customer left, as far as it is known."""
        person, start = self.people[name], self.start(name, basis)
        if basis == "orders":
            days, gone = churn(sorted({order[0] for order in person.orders}), self.as_of, rule)
            return start + timedelta(days) if gone else None
        day, grace = start, timedelta(rule)
        while day <= self.as_of - grace:
            if not any(s[0] <= day and (s[1] is None or day < s[1]) for s in person.spans):
                again = [s[0] for s in person.spans if day <= s[0] <= day + grace]
                if not again:
                    return day
                day = min(again)
            else:
                day += timedelta(1)
        return None

    def attribute(self, name, by, basis):
        person, start = self.people[name], self.start(name, basis)
        if by == "town":
            return person.town if person.known else None
        place = {"channel": 1, "product": 2}[by]
        return min((o[place] for o in person.orders if o[0] == start and o[place]), default=None)

    def group(self, name, by, until, basis):
        """The group that what happened up to the end of a day puts a customer in."""
        person = self.people[name]
        if by in ("channels", "products"):
            place = {"channels": 1, "products": 2}[by]
            kinds = {order[place] for order in person.orders if order[0] <= until} - {None}
            return {0: None, 1: "1", 2: "2"}.get(len(kinds), "3+")
        if by == "complaint":
            mine = [c for c in person.complaints if c[0] <= until]
            if not mine:
                return "none"
            return "resolved" if all(c[1] is not None and c[1] <= until for c in mine) else "unresolved"
        if by == "programme":
            member = person.joined is not None and person.joined <= until
            return ("member" if member else "not a member") if person.known else None
        if by in ("nps", "satisfaction"):
            return _band(person, "nps" if by == "nps" else "csat", until)
        return self.attribute(name, by, basis)

    def compared(self, by, basis, rule, landmark_days, segment=""):
        """Lives after the landmark per outcome and group, and how many customers stood where."""
        attribute, _, value = segment.partition("=")
        grace = timedelta(rule if basis == "subscriptions" else 0)
        found = {key: {} for key in ("retained", "naive", "repurchased", "naive_repurchased")}
        stood = Counter()
        for name in self.people:
            start = self.start(name, basis)
            if start is None or (
                segment and (self.attribute(name, attribute, basis) or "(unknown)") != value
            ):
                continue
            stood["customers"] += 1
            landmark, left = start + timedelta(landmark_days), self.left(name, basis, rule)
            if landmark > self.as_of - grace:
                stood["too_recent"] += 1
                continue
            if left is not None and left <= landmark:
                stood["left_before"] += 1
                continue
            then, ever = (self.group(name, by, day, basis) for day in (landmark, self.as_of))
            stood["unclassified"] += then is None
            gone = ((left or self.as_of - grace) - landmark).days
            later = [o[0] for o in self.people[name].orders if o[0] > landmark]
            again = (min(later, default=self.as_of) - landmark).days
            lives = {"retained": (gone, left is not None), "repurchased": (again, bool(later))}
            for key, (days, event) in lives.items():
                naive = "naive" if key == "retained" else "naive_repurchased"
                for outcome, group in ((key, then), (naive, ever)):
                    if group is not None:
                        found[outcome].setdefault(group, []).append((None, days, event))
        return found, stood


def _band(person, question, until):
    low, high = SCALES[question][0]
    mine = [a for a in person.answers if a[1].lower() == question and a[0] <= until and a[3:] == (low, high)]
    if not mine:
        return None
    last = max(a[0] for a in mine)
    score = min(a[2] for a in mine if a[0] == last)
    if question == "nps":
        return "promoter" if score >= 9 else "detractor" if score <= 6 else "passive"
    return "4-5" if score >= 4 else "1-2" if score <= 2 else "3"


@st.composite
def worlds(draw, length=130):
    """A dozen customers at most, and all that can happen to them."""
    day = st.integers(0, length).map(lambda n: FIRST + timedelta(n))
    people = {}
    for number in range(draw(st.integers(1, 12))):
        person = Person(known=draw(st.integers(0, 3)) > 0, town=draw(st.sampled_from(TOWNS)))
        if number == 0 or draw(st.integers(0, 5)):
            order = st.tuples(day, st.sampled_from(CHANNELS), st.sampled_from(PRODUCTS))
            person.orders = draw(st.lists(order, min_size=1, max_size=8))
        if number == 0 or draw(st.booleans()):
            for _ in range(draw(st.integers(1, 3))):
                began = draw(day)
                ended = draw(st.none() | st.integers(1, 70).map(lambda n, began=began: began + timedelta(n)))
                person.spans.append((began, ended))
        for _ in range(draw(st.integers(0, 4))):
            question = draw(st.sampled_from(("nps", "csat", "CSAT", "other")))
            low, high = draw(st.sampled_from(SCALES.get(question.lower(), ((0, 1),))))
            score = draw(st.integers(low, high)) - draw(st.sampled_from((0, 0, 0.5)))
            person.answers.append((draw(day), question, max(score, low), low, high))
        for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
            opened = draw(day)
            solved = draw(st.none() | st.integers(0, 60).map(lambda n, opened=opened: opened + timedelta(n)))
            person.complaints.append((opened, solved))
        if draw(st.booleans()):
            person.joined = draw(day)
        people[f"c{number}"] = person
    return World(_seen(people, as_of := FIRST + timedelta(length)), as_of)


def _seen(people, as_of):
    """What had not happened by the as-of date is not known."""
    for person in people.values():
        person.spans = [(s, e if e is not None and e <= as_of else None) for s, e in person.spans]
        person.complaints = [(o, r if r is not None and r <= as_of else None) for o, r in person.complaints]
    return people


def frames_of(world, *, tables=("orders", "customers", "subscriptions", "responses", "complaints")):
    """The tables of a world, with what somebody did who never bought; those that are empty are left out."""
    people, day = world.people.items(), pa.date32()
    orders = [(name, *order) for name, person in people for order in person.orders]
    known = [(name, one.town, one.joined) for name, one in people if one.known] + [("nobody", "Rome", FIRST)]
    spans = [(name, *span) for name, person in people for span in person.spans]
    answers = [(name, *answer) for name, person in people for answer in person.answers]
    answers.append(("nobody", FIRST, "nps", 9, 0, 10))
    complaints = [(name, *one) for name, person in people for one in person.complaints]
    complaints.append(("nobody", FIRST, FIRST))
    made = {
        "orders": pa.table(
            {
                "who": [row[0] for row in orders],
                "day": pa.array([row[1] for row in orders], day),
                "receipt": [f"r{n}" for n in range(len(orders))],
                "channel": pa.array([row[2] for row in orders], pa.string()),
                "product": pa.array([row[3] for row in orders], pa.string()),
            }
        ),
        "customers": pa.table(
            {
                "who": [row[0] for row in known],
                "town": pa.array([row[1] for row in known], pa.string()),
                "joined": pa.array([row[2] for row in known], day),
            }
        ),
        "subscriptions": pa.table(
            {
                "who": [row[0] for row in spans],
                "start": pa.array([row[1] for row in spans], day),
                "end": pa.array([row[2] for row in spans], day),
            }
        ),
        "responses": pa.table(
            {
                "who": [row[0] for row in answers],
                "day": pa.array([row[1] for row in answers], day),
                "asked": [row[2] for row in answers],
                "score": pa.array([row[3] for row in answers], pa.float64()),
                "low": pa.array([row[4] for row in answers], pa.float64()),
                "high": pa.array([row[5] for row in answers], pa.float64()),
            }
        ),
        "complaints": pa.table(
            {
                "who": [row[0] for row in complaints],
                "opened": pa.array([row[1] for row in complaints], day),
                "resolved": pa.array([row[2] for row in complaints], day),
            }
        ),
    }
    return {name: made[name] for name in tables if made[name].num_rows}


COLUMNS = {
    "orders": {
        "customer_id": "who",
        "ordered_at": "day",
        "order_id": "receipt",
        "channel": "channel",
        "product": "product",
    },
    "customers": {"customer_id": "who", "town": "town", "joined_programme_at": "joined"},
    "subscriptions": {"customer_id": "who", "started_at": "start", "ended_at": "end"},
    "responses": {
        "customer_id": "who",
        "answered_at": "day",
        "question": "asked",
        "score": "score",
        "scale_min": "low",
        "scale_max": "high",
    },
    "complaints": {"customer_id": "who", "opened_at": "opened", "resolved_at": "resolved"},
}


def opened(frames, as_of, **settings):
    """Open tables as a dataset, mapped as they are written here."""
    from retention_kit import open_dataset

    mapped = {name: {"columns": COLUMNS[name]} for name in frames}
    return open_dataset(frames, as_of=as_of, max_loss=1.0, **(mapped | settings))
