"""Right and wrong equations for the help desk's sums, and which operands are held out. Sentences are in scenes_sums.py.

Money is counted in half pounds, so that every amount is a whole number. An equation is always shown.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

Operands = tuple[int, ...]


def is_held(kind: str, operands: Operands) -> bool:
    """True for the fifth of a kind's operand tuples that training never sees (chosen by hash)."""
    return zlib.crc32(f"{kind}:{operands}".encode()) % 5 == 0


def money(halves: int) -> str:
    """Half pounds as text: 9 -> '£4.50', 8 -> '£4'."""
    return f"£{halves // 2}.50" if halves % 2 else f"£{halves // 2}"


def grams(amount: int) -> str:
    return f"{amount} g"


def minutes(amount: int) -> str:
    return f"{amount} min"


@dataclass(frozen=True, slots=True)
class Sum:
    """One worked sum as it is written: `eq` the equation line, `total` its result, `p` and `r` the amounts it used."""

    eq: str
    total: str
    p: str
    r: str = ""
    error: str = ""  # "" when right, else what went wrong


def product(operands: Operands, show: Callable[[int], str]) -> Sum:
    """q of p each: product((3, 9), money).eq == '3 x £4.50 = £13.50'."""
    return _product(operands[0], operands[1], show)


def _product(q: int, p: int, show: Callable[[int], str], result: int | None = None, error: str = "") -> Sum:
    total = show(q * p if result is None else result)
    return Sum(f"{q} x {show(p)} = {total}", total, show(p), error=error)


def wrong_products(operands: Operands, show: Callable[[int], str], *, step: int, far: int) -> list[Sum]:
    """Misread amount, skipped multiplication, one too few or many, off by ten (`far`), off by one (`step`)."""
    q, p = operands
    found = [_product(q, p + d * step, show, error="misread amount") for d in (-2, -1, 1, 2) if p + d * step > 0]
    found.append(_product(q, p, show, p, "skipped step"))
    if q > 2:
        found.append(_product(q, p, show, (q - 1) * p, "one too few"))
    found.append(_product(q, p, show, (q + 1) * p, "one too many"))
    found += [_product(q, p, show, q * p + d, "off by ten") for d in (-far, far) if q * p + d > 0]
    found += [_product(q, p, show, q * p + d, "off by one") for d in (-step, step) if q * p + d > 0]
    right = show(q * p)
    return [wrong for wrong in found if wrong.error == "misread amount" or wrong.total != right]


def bill(operands: Operands) -> Sum:
    """q of p each and one r: bill((2, 8, 10)).eq == '2 x £4 = £8, £8 + £5 = £13'."""
    q, p, r = operands
    return _bill(q, p, r)


def _bill(q: int, p: int, r: int, first: int | None = None, last: int | None = None, error: str = "") -> Sum:
    middle = q * p if first is None else first
    total = middle + r if last is None else last
    eq = f"{q} x {money(p)} = {money(middle)}, {money(middle)} + {money(r)} = {money(total)}"
    return Sum(eq, money(total), money(p), money(r), error)


def wrong_bills(operands: Operands) -> list[Sum]:
    """Each way of getting a bill of two wrong; none ends with the right total."""
    q, p, r = operands
    found = [_bill(q, p + d, r, error="misread amount") for d in (-2, 2) if p + d > 0]
    found += [_bill(q, p, r + d, error="misread amount") for d in (-2, 2) if r + d > 0]
    found += [_bill(q, p, r, first=(q - 1) * p, error="one too few"), _bill(q, p, r, first=p, error="skipped step")]
    found += [_bill(q, p, r, last=q * p, error="dropped item"), _bill(q, p, r, last=q * p + 2 * r, error="item twice")]
    found += [_bill(q, p, r, last=q * p + r + d, error="off by ten") for d in (-20, 20) if q * p + r + d > 0]
    return found + [_bill(q, p, r, last=q * p + r + d, error="off by one") for d in (-2, 2)]


def change(operands: Operands) -> Sum:
    """A note less a price: change((20, 13)).eq == '£10 - £6.50 = £3.50'."""
    return _plain(operands[0], "-", operands[1], operands[0] - operands[1])


def addition(operands: Operands) -> Sum:
    """Two prices: addition((9, 8)).eq == '£4.50 + £4 = £8.50'."""
    return _plain(operands[0], "+", operands[1], sum(operands))


def _plain(a: int, sign: str, b: int, result: int, error: str = "") -> Sum:
    return Sum(f"{money(a)} {sign} {money(b)} = {money(result)}", money(result), money(a), money(b), error)


def wrong_changes(operands: Operands) -> list[Sum]:
    """Each way of getting change wrong; none ends with the right amount."""
    note, bill = operands
    found = [_plain(note, "-", bill + d, note - bill - d, "misread amount") for d in (-2, 2) if 0 < bill + d < note]
    found += [_plain(note, "-", bill, note - bill + d, "off by ten") for d in (-20, 20) if note - bill + d > 0]
    found += [_plain(note, "-", bill, note - bill + d, "off by one") for d in (-2, 2) if note - bill + d > 0]
    found.append(_plain(note, "-", bill, bill, "skipped step"))
    return [wrong for wrong in found if wrong.error == "misread amount" or wrong.total != money(note - bill)]


def wrong_additions(operands: Operands) -> list[Sum]:
    """Each way of adding two prices wrong; none ends with the right total."""
    a, b = operands
    found = [_plain(a + d, "+", b, a + b + d, "misread amount") for d in (-2, 2) if a + d > 0]
    found += [_plain(a, "+", b + d, a + b + d, "misread amount") for d in (-2, 2) if b + d > 0]
    found += [_plain(a, "+", b, result, "dropped item") for result in {a, b}]
    found += [_plain(a, "+", b, a + b + d, "off by ten") for d in (-20, 20) if a + b + d > 0]
    return found + [_plain(a, "+", b, a + b + d, "off by one") for d in (-2, 2)]
