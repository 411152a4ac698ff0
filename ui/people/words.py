"""What the figures about people say, in one sentence each, with n and interval. Pure strings, no streamlit."""

from __future__ import annotations

from services.people.agreement import PairAgreement
from services.people.alpha import Coefficient
from services.people.anchoring import Anchoring
from services.people.fatigue import PER, Fatigue, Median, Trend
from services.people.position import PositionBias
from services.people.roster import RosterRow
from services.people.tastes import Tastes
from ui.wording import count, moment, percent, share_basis, share_line

ROLE_WORDS = {
    "annotator": "decides",
    "adjudicator": "decides, and settles what people left open",
    "admin": "everything: roles, plans, labels accepted unlooked",
}
ROSTER_HEADS = ("Name", "Role", "Items", "Accept", "Override", "Tie", "Skip", "Flag", "Blind", "Again", "Undone",
                "Agrees with the suggestion", "Time an answer", "Last")  # fmt: skip
ROSTER_NUMBERS = range(2, 11)


def coefficient_value(found: Coefficient) -> str:
    """The coefficient alone; a dash where there is none. Stands with `coefficient_basis`."""
    return "–" if found.value is None else f"{found.value:.2f}"


def coefficient_basis(found: Coefficient) -> str:
    """What a coefficient rests on: "n = 120 items, 95 % interval 0.50 to 0.72"."""
    if found.value is None or found.low is None or found.high is None:
        return f"n = {found.n:,} items, too few or too much alike" if found.n else "nothing to compare yet"
    return f"n = {found.n:,} items, 95 % interval {found.low:.2f} to {found.high:.2f}"


def pair_row(pair: PairAgreement) -> tuple[str, ...]:
    """Two people's line of the table, intervals in brackets."""
    names = sorted((pair.first.name, pair.second.name), key=str.casefold)
    same = pair.same
    low, high = 100 * (same.low or 0.0), 100 * (same.high or 0.0)
    said = "–" if same.value is None else f"{percent(same.value)} ({low:.0f} to {high:.0f} %)"
    return ", ".join(names), f"{same.n:,}", said, _with_interval(pair.kappa), _with_interval(pair.tau)


def _with_interval(found: Coefficient) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "–"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def points(value: float) -> str:
    """A difference of shares in points.

    >>> points(0.153), points(-0.01)
    ('+15', '-1')
    """
    return f"{100 * value:+.0f}"


def anchoring_words(found: Anchoring) -> str:
    """What anchoring says of everyone or of one person."""
    if found.value is None or found.low is None or found.high is None:
        return (
            "Nothing to compare yet: it takes looks of one plan both with the suggestion shown and with it hidden. "
            "A plan's blind share hides it on as many as you say."
        )
    interval = f"95 % interval {points(found.low)} to {points(found.high)} points"
    if not found.is_seen:
        return f"No anchoring is seen: shown minus hidden is {points(found.value)} points ({interval})."
    more = "more" if found.value > 0 else "less"
    size = f"{abs(100 * found.value):.0f}"
    return f"People agree with a suggestion {size} points {more} often when they see it ({interval})."


def position_words(found: PositionBias) -> str:
    """What the first places say."""
    if found.expected is None or found.p_value is None:
        return "No shuffled look with a choice yet: a plan's blind looks shuffle the responses."
    said = share_line(found.first, of="shuffled looks")
    chance = f"chance alone gives {percent(found.expected)}"
    seen = "more than chance explains" if found.p_value < 0.05 else "no more than chance explains"
    return f"The first place was chosen in {said}; {chance}. That is {seen} ({p_words(found.p_value)}, exact test)."


def p_words(p_value: float) -> str:
    """A p-value to two digits.

    >>> p_words(0.0414), p_words(0.00001)
    ('p = 0.041', 'p < 0.001')
    """
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def agreement_trend_words(trend: Trend, *, longest: int) -> str:
    """How agreement moves over a sitting, the longest of which has so many answers."""
    if trend.value is None or trend.low is None or trend.high is None:
        return "Too few answers to tell a trend of agreement."
    per = answers_per(longest)
    value, low, high = (end * per / PER for end in (trend.value, trend.low, trend.high))
    interval = f"95 % interval {points(low)} to {points(high)}, n = {trend.n:,} answers"
    if not trend.is_seen:
        return f"No trend of agreement is seen: {points(value)} points per {per} answers of a sitting ({interval})."
    way = "rises" if value > 0 else "falls"
    size = f"{abs(100 * value):.0f}"
    return f"Agreement with the suggestion {way} by {size} points per {per} answers of a sitting ({interval})."


def speed_words(found: Fatigue) -> str:
    """How long an answer takes, and how that moves over a sitting."""
    if found.seconds.value is None:
        return "No answer has its time."
    said = f"An answer takes {median_words(found.seconds)}"
    trend = found.speed
    if trend.value is None or trend.low is None or trend.high is None:
        return f"{said}; too few to tell a trend."
    per = answers_per(found.longest)
    value, low, high = (100 * ((1 + end) ** (per / PER) - 1) for end in (trend.value, trend.low, trend.high))
    interval = f"95 % interval {low:+.0f} to {high:+.0f} %"
    if not trend.is_seen:
        return f"{said}; over a sitting no change is seen: {value:+.0f} % per {per} answers ({interval})."
    way = "longer" if value > 0 else "less"
    return f"{said}, and {abs(value):.0f} % {way} per {per} answers of a sitting ({interval})."


def answers_per(longest: int) -> int:
    """The number of answers that a trend is stated for: never more than a sitting had, else it says what nobody did.

    >>> answers_per(300), answers_per(20)
    (100, 10)
    """
    return PER if longest >= PER else 10


def median_words(found: Median) -> str:
    """A median in seconds with what it rests on."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.1f} s (median, n = {found.n:,})"
    return f"{found.value:.1f} s (median, n = {found.n:,}, 95 % interval {found.low:.1f} to {found.high:.1f} s)"


def tastes_words(found: Tastes) -> str:
    """Whether there is evidence for groups."""
    if found.why_none:
        return f"Not looked for: {found.why_none}."
    basis = f"{count(found.n_people, 'person', 'people')} on {count(found.n_items, 'item')} that two or more answered"
    tried = "" if found.p_value is None else f" ({p_words(found.p_value)}; evidence is p below 0.01)"
    if len(found.groups) < 2:
        return f"No evidence that people differ in taste: {basis}{tried}."
    return f"{len(found.groups)} groups of people decide alike within and otherwise across: {basis}{tried}."


def roster_row(row: RosterRow) -> tuple[str, ...]:
    """A person's line of the table."""
    did = row.did
    by_verdict = (f"{did.n_by_verdict.get(verdict, 0):,}" for verdict in ("accept", "override", "tie", "skip", "flag"))
    agrees = "–" if did.agrees.value is None else f"{percent(did.agrees.value)} ({_short_basis(row)})"
    took = "–" if did.seconds.value is None else f"{did.seconds.value:.1f} s (n = {did.seconds.n:,})"
    return (
        row.name, row.role, f"{did.n_items:,}", *by_verdict, f"{did.n_blind:,}", f"{did.n_repeats:,}",
        f"{did.n_undone:,}", agrees, took, "–" if did.last_at is None else moment(did.last_at),
    )  # fmt: skip


def _short_basis(row: RosterRow) -> str:
    share = row.did.agrees
    return share_basis(share, of="answers").replace(" answers, 95 % interval", ",")
