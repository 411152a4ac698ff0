"""A trial in words and as a table: what flips, what that rests on, and whether it is noise. Pure strings, no streamlit.

A share stands with its n and 95 % interval. Leaves out the widgets (ledger.py) and figures (charts/trial.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from services.statistics.bootstrap import Difference
from services.statistics.intervals import Share
from services.trials.trial import Flip, TrialReport
from ui.charts.figures import MARGIN_UNITS
from ui.prose import badge, safe
from ui.wording import count, percent

PROMPT_SHOWN = 140  # characters of a prompt in the table; Review has the whole
KIND_WORDS = {"fix": "fix", "regression": "regression", "other": "other", "unjudged": "unjudged"}
KIND_LOOK = {"fix": "accent", "regression": "warn"}
HEADS = ("Item", "What", "Best", "Right", "Margin", "Prompt")


def verdict_line(report: TrialReport) -> str:
    """The whole trial in one plain sentence."""
    change = report.change
    if report.before.value is None or report.after.value is None or change.value is None:
        return "No compared item has a decision or gold to judge by, so nothing says whether the draft is better."
    if not report.n_fixes and not report.n_regressions:
        same = percent(report.before.value)
        return f"Nothing changes for better or worse: {same} right before and after (n = {change.n})."
    moved = f"{percent(report.before.value)} right before, {percent(report.after.value)} after: {points(change)}"
    if change.low is None:
        return f"{moved}. One item says nothing."
    if change.is_noise:
        return f"The change is within noise. {moved}."
    return f"{'Better' if change.value > 0 else 'Worse'} than noise explains. {moved}."


def points(change: Difference) -> str:
    """A paired difference in percentage points with what it rests on."""
    if change.value is None:
        return "no difference to tell"
    value = f"{_signed(change.value)} points"
    if change.low is None or change.high is None:
        return f"{value} (n = {change.n})"
    if change.low == change.high:  # resampling items that are all alike gives a point, however few they are
        return f"{value} (every one of n = {change.n} alike, so resampling gives no interval)"
    return f"{value} (95 % interval {_signed(change.low)} to {_signed(change.high)}, n = {change.n})"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def counts_line(report: TrialReport) -> str:
    """How many items were compared, how many flip, and what had to be computed."""
    n_compared = report.n_weighed - report.n_problems
    parts = [f"{count(n_compared, 'item')} compared", f"{count(len(report.flips), 'suggestion')} changed"]
    if report.n_problems:
        parts.append(f"{report.n_problems} cannot be compared")
    if report.n_within_noise:
        parts.append(f"{report.n_within_noise} of the changes within numeric noise")
    return " · ".join([*parts, computed_line(report)])


def computed_line(report: TrialReport) -> str:
    """Which model ran again; what its text did not change came from the cache."""
    strong, weak = report.n_computed_strong, report.n_computed_weak
    if not strong and not weak:
        return "all from the cache, no model ran"
    words = [f"{name} {n:,}" if n else f"{name} none" for name, n in (("strong", strong), ("weak", weak))]
    return f"texts computed: {', '.join(words)}"


def before_and_after(report: TrialReport) -> tuple[str, str]:
    """The share right before and after, and what both rest on."""
    before, after = report.before, report.after
    if before.value is None or after.value is None:
        return "–", "nothing to judge by"
    basis = f"n = {before.n} judged, 95 % {_interval(before)} and {_interval(after)}"
    return f"{percent(before.value)} → {percent(after.value)}", basis


def share_words(share: Share) -> str:
    """What a share of judged items rests on."""
    if share.value is None:
        return "nothing to judge by"
    return f"{percent(share.value)} of {share.n} judged, 95 % {_interval(share)}"


def _interval(share: Share) -> str:
    return "–" if share.low is None or share.high is None else f"{100 * share.low:.0f} to {percent(share.high)}"


def flips_html(flips: Sequence[Flip], *, rank_by: str, query: Mapping[str, str]) -> str:
    """The flipped items as a table; each number is a link to the item on Review.

    Args:
        query: what the link carries beside the item: dataset and run.
    """
    unit = MARGIN_UNITS.get(rank_by, "nats")
    heads = [(name, f"Margin ({unit})" if name == "Margin" else name) for name in HEADS]
    head = "".join(f'<th scope="col"{" class=t-n" if name == "Margin" else ""}>{words}</th>' for name, words in heads)
    body = "".join(f"<tr>{_flip(flip, query)}</tr>" for flip in flips)
    return f'<table class="t-rows t-flips"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _flip(flip: Flip, query: Mapping[str, str]) -> str:
    link = "review?" + urlencode({**query, "item": str(flip.item_id)})
    noise = (
        badge("noise", kind="warn", title="One of the two margins is below numeric noise.")
        if flip.is_within_noise
        else ""
    )
    by = {"decision": "decided", "gold": "gold"}.get(flip.truth or "", "")
    right = f'{safe(flip.right)} <span class="t-muted">{by}</span>' if flip.right else "–"
    number = flip.position + 1
    cells = (
        f'<a href="{safe(link)}" aria-label="Item {number} on Review">{number:,}</a>',
        badge(KIND_WORDS[flip.kind], kind=KIND_LOOK.get(flip.kind, "quiet")) + noise,
        f'<span class="t-move">{safe(flip.before)} → {safe(flip.after)}</span>',
        right,
        f"{flip.margin_before:.2f} → {flip.margin_after:.2f}",
        safe(shortened(flip.prompt)),
    )
    kinds = ("", "", "", "", ' class="t-n"', ' dir="auto"')
    return "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, cells, strict=True))


def shortened(text: str) -> str:
    """One line of a text, its tail cut off with a sign."""
    line = " ".join(text.split())
    return line if len(line) <= PROMPT_SHOWN else line[: PROMPT_SHOWN - 1] + "…"
