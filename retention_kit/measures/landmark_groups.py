"""By what customers can be told apart at a landmark, and what each such comparison can and cannot show."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from retention_kit.data import landmark_group_statements as statements
from retention_kit.data.dataset import Dataset
from retention_kit.errors import ColumnError, DataError, did_you_mean

__all__ = ["GROUPINGS", "Grouping", "attributes_of", "grouping_of", "landmark_choices"]


@dataclass(frozen=True)
class Grouping:
    """One way to tell customers apart.

    Attributes
    ----------
    by : str
        What it is called as a parameter.
    title : str
        What it is called on the screen.
    definition : str
        How a customer is classified at the landmark.
    groups : mapping of str to str
        Each group, in order, and the words for its customers; empty for attributes.
    pair : tuple of two str
        The groups whose difference is asked for, first less second; empty: the two largest.
    selection : str
        How customers come into groups, which may explain a difference.
    cause : str
        What the comparison does not prove to keep customers.
    table, column : str
        What the dataset must have; empty for an attribute.
    grows : bool
        Whether customers qualify over time, so that whoever stays longer has more time to.
    """

    by: str
    title: str
    definition: str
    groups: Mapping[str, str]
    pair: tuple[str, str] | tuple[()]
    selection: str
    cause: str
    table: str = ""
    column: str = ""
    grows: bool = True

    def words(self, group: str) -> str:
        """Return what the customers of a group are called in a sentence."""
        return self.groups.get(group, f"customers with {self.by} = {group}")

    def statement(self, *, starts: str, landmark_days: int, first_uses: str = "") -> str:
        """Return the SQL that groups customers; empty for an attribute, which is a segment.

        Parameters
        ----------
        starts : str
            A relation with ``customer_id`` and ``start_day``.
        landmark_days : int
            Days from the start to the landmark.
        first_uses : str
            For an order column, the view of when its values were first used.
        """
        if self.table == "orders":
            return statements.variety(first_uses=first_uses, starts=starts, landmark_days=landmark_days)
        if self.table == "responses":
            question = "nps" if self.by == "nps" else "csat"
            return statements.answered(question, starts=starts, landmark_days=landmark_days)
        if self.table == "complaints":
            return statements.complained(starts=starts, landmark_days=landmark_days)
        return statements.joined(starts=starts, landmark_days=landmark_days) if self.table else ""

    def require(self, dataset: Dataset) -> None:
        """Raise `DataError` unless the dataset holds what the grouping needs."""
        if not self.table:
            return
        dataset.require(self.table, why=f"a comparison by {self.title}")
        if self.column not in dataset.columns(self.table):
            mapped = {"joined_programme_day": "joined_programme_at", "resolved_day": "resolved_at"}
            raise DataError(
                f"The {self.table} of {dataset.name!r} have no {self.column}; there is no comparison by "
                f"{self.title} without.",
                todo=f"Map {mapped.get(self.column, self.column)} in [{self.table}.columns].",
            )


def _variety(by: str, column: str, one: str) -> Grouping:
    kinds = {"1": f"customers of one {one}", "2": f"customers of two {one}s"}
    return Grouping(
        by=by,
        title=f"number of {one}s",
        definition=f"By the {one}s of the orders up to the landmark; orders without one say nothing.",
        groups=MappingProxyType({**kinds, "3+": f"customers of three or more {one}s"}),
        pair=("2", "1"),
        selection=f"customers who buy more often come across more {one}s",
        cause=f"another {one}",
        table="orders",
        column=column,
    )


GROUPINGS: Mapping[str, Grouping] = MappingProxyType(
    {
        grouping.by: grouping
        for grouping in (
            Grouping(
                by="satisfaction",
                title="satisfaction",
                definition="By the last answer up to the landmark to the question csat, asked from 1 to 5; "
                "other scales are left out.",
                groups=MappingProxyType(
                    {
                        "1-2": "dissatisfied customers (1-2)",
                        "3": "customers in between (3)",
                        "4-5": "satisfied customers (4-5)",
                    }
                ),
                pair=("4-5", "1-2"),
                selection="who answers, and how, may depend on how loyal a customer is already",
                cause="satisfaction",
                table="responses",
                column="score",
            ),
            Grouping(
                by="nps",
                title="NPS group",
                definition="By the last answer up to the landmark to the question nps, asked from 0 to 10 "
                "(detractors to 6, promoters from 9); other scales are left out.",
                groups=MappingProxyType(
                    {"detractor": "detractors", "passive": "passives", "promoter": "promoters"}
                ),
                pair=("promoter", "detractor"),
                selection="who answers, and how, may depend on how loyal a customer is already",
                cause="being willing to recommend",
                table="responses",
                column="score",
            ),
            Grouping(
                by="complaint",
                title="complaint outcome",
                definition="By the complaints opened up to the landmark: none, all of them resolved by "
                "then, or at least one not.",
                groups=MappingProxyType(
                    {
                        "none": "customers without a complaint",
                        "resolved": "customers whose complaints were resolved",
                        "unresolved": "customers with an unresolved complaint",
                    }
                ),
                pair=("resolved", "none"),
                selection="customers who care, and who buy more, may complain more, "
                "and easy cases are resolved more often",
                cause="resolving a complaint",
                table="complaints",
                column="resolved_day",
            ),
            _variety("channels", "channel", "channel"),
            _variety("products", "product", "product type"),
            Grouping(
                by="programme",
                title="programme membership",
                definition="By whether the customer had joined the programme by the landmark.",
                groups=MappingProxyType(
                    {"not a member": "customers outside the programme", "member": "members of the programme"}
                ),
                pair=("member", "not a member"),
                selection="customers who mean to stay may be the ones who join",
                cause="the programme",
                table="customers",
                column="joined_programme_day",
            ),
        )
    }
)


def grouping_of(by: str, *, attributes: tuple[str, ...]) -> Grouping:
    """Return the grouping called ``by``: one of `GROUPINGS`, or else an attribute.

    Raises
    ------
    ColumnError
        When there is neither.
    """
    if by in GROUPINGS:
        return GROUPINGS[by]
    if by not in attributes:
        known = [*GROUPINGS, *attributes]
        raise ColumnError(
            f"Customers cannot be told apart by {by!r}. {did_you_mean(by, known)}".strip(),
            todo=f"Choose from: {', '.join(known)}.",
        )
    return Grouping(
        by=by,
        title=by,
        definition=f"By {by} at the start, which nothing later changes.",
        groups=MappingProxyType({}),
        pair=(),
        selection=f"customers who differ in {by} may differ in other ways too",
        cause=by,
        grows=False,
    )


def landmark_choices(dataset: Dataset, *, basis: str = "orders") -> Mapping[str, str]:
    """Return by what the customers of a dataset can be compared, and what each is called on the screen."""
    found = {
        by: grouping.title
        for by, grouping in GROUPINGS.items()
        if dataset.has(grouping.table) and grouping.column in dataset.columns(grouping.table)
    }
    return MappingProxyType(
        found | {name: name for name in attributes_of(dataset, basis) if name not in found}
    )


def attributes_of(dataset: Dataset, basis: str) -> tuple[str, ...]:
    """Return the attributes of customers at their first order, or at their first subscription."""
    return dataset.segments if basis == "orders" else dataset.config.subscription_segments
