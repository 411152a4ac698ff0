"""Drawing: from items in order to places, all of it fixed by the seed. Pure, no database.

    random        items by the hash of seed and item; the first n
    stratified    the same within each stratum; how many of each by the allocation, dealt out evenly over the places, so
                  that every beginning of the plan holds the strata in about their shares
    the rest      items come sorted already; the first n

Drawing more goes on where the drawing before ended. Leaves out which items there are (population.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.looks.chance import fraction


def allocate(n: int, sizes: Mapping[str, int], *, allocation: str, drawn: Mapping[str, int]) -> dict[str, int]:
    """How many items each stratum has after drawing up to `n` in all: never fewer than drawn, never more than it has.

    proportional: by largest remainders. equal: the same for each, what a small one lacks goes to the others.

    >>> allocate(10, {"a": 75, "b": 25}, allocation="proportional", drawn={})
    {'a': 8, 'b': 2}
    >>> allocate(10, {"a": 75, "b": 2}, allocation="equal", drawn={})
    {'a': 8, 'b': 2}
    """
    n = min(n, sum(sizes.values()))
    names = sorted(sizes)
    found = _by_size(n, sizes) if allocation == "proportional" else _equally(n, sizes)
    found = {name: max(found[name], drawn.get(name, 0)) for name in names}
    while sum(found.values()) > n:  # more was drawn of one than it would get now: others wait
        spare = max(names, key=lambda name: found[name] - max(drawn.get(name, 0), 0))
        if found[spare] <= drawn.get(spare, 0):
            break
        found[spare] -= 1
    return found


def _by_size(n: int, sizes: Mapping[str, int]) -> dict[str, int]:
    total = sum(sizes.values())
    found = {name: n * size // total for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(n * sizes[name] % total), name))
    for name in by_remainder[: n - sum(found.values())]:
        found[name] += 1
    return found


def _equally(n: int, sizes: Mapping[str, int]) -> dict[str, int]:
    found = dict.fromkeys(sizes, 0)
    left = n
    while left:
        open_names = sorted(name for name in sizes if found[name] < sizes[name])
        each, rest = divmod(left, len(open_names))
        for at, name in enumerate(open_names):
            more = min(each + (at < rest), sizes[name] - found[name])
            found[name] += more
            left -= more
    return found


def deal(
    seed: str, orders: Mapping[str, Sequence[int]], *, n_more: int, allocation: str, drawn: Mapping[str, int]
) -> list[tuple[int, str]]:
    """The next items with their strata, in the order of their places.

    Args:
        orders: every stratum's items in the order of drawing.
        drawn: how many of each have been drawn before.

    The k-th of m new items of a stratum stands at (k + u) / m of the way, u in [0, 1) fixed by seed and item.
    """
    sizes = {name: len(items) for name, items in orders.items()}
    before = {name: drawn.get(name, 0) for name in orders}
    after = allocate(sum(before.values()) + n_more, sizes, allocation=allocation, drawn=before)
    keyed = []
    for name, items in orders.items():
        new = items[before[name] : after[name]]
        keyed += [((k + fraction(seed, "place", item)) / len(new), item, name) for k, item in enumerate(new)]
    return [(item, name) for _, item, name in sorted(keyed)]
