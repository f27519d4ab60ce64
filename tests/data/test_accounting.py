import json
from datetime import date
from decimal import Decimal

import pytest

from retention_kit.data.accounting import AFTER_AS_OF, Accounting, Dropped, TableAccounting
from retention_kit.errors import LossError


def accounting(*dropped, **changes):
    facts = {
        "rows_read": 10,
        "kept": 6,
        "netted": 1,
        "anonymous": 1,
        "dropped": dropped or (Dropped("unreadable date", 2, ("line 3: 'x'", "line 4: 'y'")),),
        "orders": 5,
        "customers": 4,
        "fully_refunded": 0,
        "gross": Decimal("10.5000"),
        "refunded": Decimal("1.5000"),
        "net": Decimal("9.0000"),
        "unmatched": Decimal("0.2500"),
        "first_day": date(2024, 1, 1),
        "last_day": date(2024, 1, 31),
        "notes": ("odd",),
    }
    return Accounting(**(facts | changes))


def test_it_survives_json_to_the_last_cent():
    kept = accounting()
    assert Accounting.from_dict(json.loads(json.dumps(kept.to_dict()))) == kept
    free = accounting(gross=None, refunded=None, net=None, unmatched=None)
    assert Accounting.from_dict(json.loads(json.dumps(free.to_dict()))) == free


def test_loss_counts_dropped_rows_and_names_reason_and_first_offenders():
    with pytest.raises(LossError, match=r"20\.0% of 10 rows .* unreadable date: 2 rows \(first: line 3: 'x'"):
        accounting().require_loss_below(0.19)
    accounting().require_loss_below(0.2)
    assert LossError.exit_code == 3


def test_loss_is_told_in_public_without_any_row():
    two = (Dropped("unreadable date", 2, ("line 3: 'x'",)), Dropped("unreadable amount", 1, ("line 4: ')'",)))
    with pytest.raises(LossError) as caught:
        accounting(*two).require_loss_below(0.1)
    assert caught.value.public == (
        "30.0% of 10 rows would be lost, more than 10.0%: unreadable date: 2 rows; unreadable amount: 1 row."
        " Mend the file or the settings, or raise max_loss if the loss is right."
    )


def test_rows_left_out_on_purpose_are_no_loss():
    cut = accounting(Dropped(AFTER_AS_OF, 5), Dropped("cancelled", 3), rows_read=16)
    assert cut.loss == 0.0


def test_the_lines_tell_every_row_and_all_money():
    assert accounting().lines() == [
        "10 rows read",
        "  6 kept in 5 orders of 4 customers, 2024-01-01 to 2024-01-31",
        "  1 netted by refunds; 0 orders refunded in full",
        "  1 anonymous (10.0%): no customer, counted and left out",
        "  left out, unreadable date: 2 rows (first: line 3: 'x'; line 4: 'y')",
        "revenue 10.50 - refunds 1.50 = 9.00",
        "refunds beyond what was ordered: 0.25, not in the revenue",
        "note: odd",
    ]


def test_a_clean_file_without_amounts_has_two_lines():
    clean = accounting(rows_read=6, netted=0, anonymous=0, dropped=(), gross=None, unmatched=None, notes=())
    assert len(clean.lines()) == 2


def of_table(**changes):
    facts = {
        "table": "complaints",
        "rows_read": 10,
        "kept": 6,
        "anonymous": 1,
        "dropped": (Dropped("resolved before opened", 2, ("line 3: 'x'",)), Dropped(AFTER_AS_OF, 1)),
        "customers": 4,
        "first_day": date(2024, 1, 1),
        "last_day": date(2024, 1, 31),
        "notes": ("odd",),
    }
    return TableAccounting(**(facts | changes))


def test_the_accounting_of_a_table_survives_json():
    for kept in (of_table(), of_table(first_day=None, last_day=None, dropped=(), notes=())):
        assert TableAccounting.from_dict(json.loads(json.dumps(kept.to_dict()))) == kept


def test_the_lines_of_a_table_name_it_and_tell_every_row():
    assert of_table().lines() == [
        "complaints: 10 rows read",
        "  6 kept of 4 customers, 2024-01-01 to 2024-01-31",
        "  1 anonymous (10.0%): no customer, counted and left out",
        "  left out, resolved before opened: 2 rows (first: line 3: 'x')",
        "  left out, after the as-of date: 1 row",
        "  note: odd",
    ]
    bare = of_table(table="customers", anonymous=0, dropped=(), first_day=None, last_day=None, notes=())
    assert bare.lines() == ["customers: 10 rows read", "  6 kept of 4 customers"]


def test_too_much_loss_of_a_table_names_it_and_of_none_there_is_no_loss():
    with pytest.raises(LossError, match=r"20\.0% of 10 rows of complaints would be lost, more than 10\.0%"):
        of_table().require_loss_below(0.1)
    of_table().require_loss_below(0.2)
    assert of_table(rows_read=0, kept=0, anonymous=0, dropped=()).loss == 0.0
