"""Which columns carry money: the amount, its net or gross counterpart, refunds, the currency in a header."""

import re
from collections.abc import Iterable

from retention_kit.data.conventions import CODES, SIGNS
from retention_kit.data.vocabulary import VOCABULARY, plain_name

__all__ = ["counterparts", "unused_money", "without_unit"]

_UNIT = re.compile(
    rf"(?:[\s_-]+|\s*(?P<open>[(\[])\s*)(?P<unit>{CODES}|{'|'.join(map(re.escape, SIGNS))}"
    r"|st(?:k|ück)\.?|szt\.?|kpl|pcs|pz\.?)\s*(?(open)[)\]])\s*$",
    re.IGNORECASE,
)
_KINDS = (("net", "gross"), ("netto", "brutto"), ("netto", "lordo"))
_REFUNDS = (
    "refund refunds refunded refundamount refundedamount amountrefunded refundtotal totalrefunded"
    " totalrefund refundvalue returnamount returnedamount erstattung erstattungsbetrag gutschrift rimborso"
    " importorimborsato zwrot kwotazwrotu palautus hyvitys"
)


def without_unit(header: str) -> tuple[str, str]:
    """Return a header without the currency or unit at its end, and the ISO code of that currency.

    >>> without_unit("Betrag (EUR)"), without_unit("total_eur"), without_unit("Menge [Stk]")
    (('Betrag', 'EUR'), ('total', 'EUR'), ('Menge', ''))
    """
    found = _UNIT.search(header)
    if not found or not header[: found.start()].strip():
        return header, ""
    unit = found["unit"]
    code = SIGNS.get(unit.casefold(), unit.upper())
    return header[: found.start()], code if len(code) == 3 and re.fullmatch(CODES, code) else ""


def counterparts(name: str, columns: Iterable[str]) -> list[str]:
    """Return the columns that are net where ``name`` is gross, or gross where it is net.

    >>> counterparts("Brutto-Betrag", ["Netto-Betrag", "Gewicht netto", "Betrag"])
    ['Netto-Betrag']
    """
    plain = plain_name(without_unit(name)[0])
    swapped = {plain.replace(one, other) for pair in _KINDS for one, other in (pair, pair[::-1])}
    swapped -= {plain}
    return [column for column in columns if plain_name(without_unit(column)[0]) in swapped]


def unused_money(columns: Iterable[str], *, amount: str, used: Iterable[str]) -> list[str]:
    """Return remarks on columns that look like amounts or refunds, by their headers, and are not used."""
    taken = {amount, *used}
    free = {name: plain_name(without_unit(name)[0]) for name in columns if name not in taken}
    known = frozenset().union(*VOCABULARY["amount"])
    remarks = []
    others = [repr(name) for name, plain in free.items() if plain in known]
    if amount and others:
        looks = "looks like an amount too" if len(others) == 1 else "look like amounts too"
        remarks.append(f"amount is read from {amount!r}; {', '.join(others)} {looks}")
    remarks += [
        f"column {name!r} looks like refunds and is not used"
        for name, plain in free.items()
        if plain in _REFUNDS.split()
    ]
    return remarks
