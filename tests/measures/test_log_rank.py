"""The log-rank test against statsmodels on real data, the textbook, and the naive oracle."""

from datetime import date

import numpy as np
import pytest
import survival_oracle as oracle
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2
from statsmodels.duration.survfunc import survdiff
from statsmodels.stats.multitest import multipletests
from test_survival import SIX_MP, bone_marrow, curve_of, exact, populations, second_orders, transplants

from retention_kit.errors import ParameterError
from retention_kit.measures.log_rank import holm, log_rank

PLACEBO = [
    (None, t, True)
    for t in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
]  # fmt: skip


def theirs(groups):
    """The statistic and the p-value that statsmodels finds."""
    rows = [(*life, name) for name, lives in groups.items() for life in lives]
    entry, time, left, group = zip(*rows, strict=True)
    entries = None if entry[0] is None else np.array(entry)
    return survdiff(np.array(time), np.array(left), np.array(group), entry=entries)


def split(lives, parts):
    return {f"part {n}": lives[n::parts] for n in range(parts)}


REAL = {
    "marrow": bone_marrow(),
    "heart": split(transplants(), 2),
    "cdnow": split(second_orders(), 4),
    "cdnow, entered late": split(second_orders(date(1997, 4, 1)), 3),
}


@pytest.mark.parametrize("groups", REAL.values(), ids=REAL)
def test_the_test_of_real_groups_is_that_of_statsmodels(groups):
    found = log_rank({name: curve_of(lives) for name, lives in groups.items()})
    statistic, p_value = theirs(groups)
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
    assert found.degrees_of_freedom == len(groups) - 1
    pairs = found.pairs.to_pylist()
    for pair in pairs:
        two = {name: groups[name] for name in (pair["group"], pair["other"])}
        assert (pair["statistic"], pair["p_value"]) == pytest.approx(theirs(two), rel=1e-9)
    corrected = multipletests([pair["p_value"] for pair in pairs], method="holm")[1]
    assert [pair["p_value_holm"] for pair in pairs] == pytest.approx(list(corrected), rel=1e-9)
    assert len(pairs) == len(groups) * (len(groups) - 1) // 2


def test_the_textbooks_remissions_differ():
    both = {"6-MP": SIX_MP, "placebo": PLACEBO}
    found = log_rank({name: curve_of(lives) for name, lives in both.items()})
    assert (found.statistic, found.p_value) == pytest.approx(theirs(both), rel=1e-9)
    rows = found.groups.to_pylist()
    assert [(row["events"], round(row["expected"], 1)) for row in rows] == [(9, 19.3), (21, 10.7)]


@exact
@given(one=populations(), other=populations())
def test_two_groups_have_the_textbooks_statistic(one, other):
    found = log_rank({"one": curve_of(one), "other": curve_of(other)})
    wanted = oracle.log_rank_of_two(one, other)
    assert found.statistic == (None if wanted is None else pytest.approx(wanted, rel=1e-9, abs=1e-9))
    assert (found.p_value is None) == (wanted is None)


@exact
@given(groups=st.lists(populations(), min_size=2, max_size=4))
def test_observed_and_expected_add_up_and_the_order_of_groups_does_not_matter(groups):
    curves = {str(n): curve_of(lives) for n, lives in enumerate(groups)}
    found = log_rank(curves)
    assert sum(found.groups["expected"].to_pylist()) == pytest.approx(sum(found.groups["events"].to_pylist()))
    other = log_rank(dict(reversed(curves.items())))
    assert other.degrees_of_freedom == found.degrees_of_freedom
    if found.statistic is not None:
        assert other.statistic == pytest.approx(found.statistic, rel=1e-6, abs=1e-9)


def test_groups_that_were_never_at_risk_together_are_not_compared():
    early = curve_of([(None, 1, True), (None, 2, True), (None, 3, False)])
    late = curve_of([(5, 7, True), (5, 8, False)])
    found = log_rank({"early": early, "late": late})
    assert (found.statistic, found.p_value, found.degrees_of_freedom) == (None, None, 0)
    third = log_rank({"early": early, "late": late, "like early": early})
    assert third.degrees_of_freedom == 1
    assert third.statistic == pytest.approx(0, abs=1e-12)
    assert [pair["p_value_holm"] for pair in third.pairs.to_pylist()].count(None) == 2


def test_where_nobody_leaves_there_is_nothing_to_compare():
    silent = curve_of([(None, 9, False)])
    assert log_rank({"a": silent, "b": silent}).statistic is None


def test_one_group_is_refused():
    with pytest.raises(ParameterError, match="1 group cannot be compared"):
        log_rank({"only": curve_of(SIX_MP)})


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 10, 49, 400])
def test_the_tail_of_chi_square_is_scipys(freedom):
    from retention_kit.measures.log_rank import chi_square_tail

    for value in (0.0, 1e-9, 0.3, 3.84, 20.0, 61.5, 300.0, 2000.0):
        wanted = chi2.sf(value, freedom)
        assert chi_square_tail(value, freedom) == pytest.approx(wanted, rel=1e-9, abs=1e-300)


def test_holm_never_lowers_and_stops_at_one():
    assert holm([0.5, 0.4, 0.9]) == [1.0, 1.0, 1.0]
    assert holm([]) == []
