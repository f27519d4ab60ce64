import pytest

from retention_kit.data.money import counterparts, unused_money, without_unit


@pytest.mark.parametrize(
    ("header", "bare", "code"),
    [
        ("Betrag (EUR)", "Betrag", "EUR"),
        ("total_eur", "total", "EUR"),
        ("Kwota [zł]", "Kwota", "PLN"),
        ("Menge (Stk)", "Menge", ""),
        ("Total (EUR", "Total (EUR", ""),
        ("EUR", "EUR", ""),
        ("amateur", "amateur", ""),
    ],
)
def test_only_a_currency_or_unit_set_apart_is_taken_off_a_header(header, bare, code):
    assert without_unit(header) == (bare, code)


def test_net_and_gross_of_one_kind_are_counterparts_and_a_plain_total_has_none():
    assert counterparts("Gross Sales (EUR)", ["Net Sales", "Net weight"]) == ["Net Sales"]
    assert counterparts("Total", ["Net", "Subtotal"]) == []


def test_columns_that_are_used_or_no_money_go_without_remark():
    assert unused_money(["Total", "Subtotal", "note"], amount="Total", used=["Subtotal"]) == []
    assert unused_money(["Total"], amount="", used=[]) == []
