"""What people said of an item, as words and as HTML cards. Strings only, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping

from services.adjudication import Case, CaseDecision, CaseRow
from services.reviews.rows import DecisionRow
from ui.frame import plain
from ui.prose import badge, prose, safe
from ui.wording import moment

STRENGTHS = {1: "a little better", 2: "better", 3: "much better"}
FOLD_AT = 2_500  # characters of a response shown before "show all"
PROMPT_SHOWN = 56  # characters of the prompt in the list


def letters_of(case: Case) -> dict[int, str]:
    """candidate id -> its letter in the file."""
    return {one.candidate_id: one.letter for one in case.candidates}


def said_words(said: CaseDecision, letters: Mapping[int, str]) -> str:
    """What a person said, in a few words."""
    if said.said in ("skip", "flag"):
        return {"skip": "skipped it", "flag": "flagged it"}[said.said]
    if len(said.ranking) > 1:
        return ranking_words(said.ranking, letters)
    if said.chosen_candidate_id is None:
        return "no difference"
    letter = letters.get(said.chosen_candidate_id, "?")
    return f"{letter} {STRENGTHS.get(abs(said.strength or 0), 'is best')}"


def ranking_words(ranking: tuple[tuple[int, ...], ...], letters: Mapping[int, str]) -> str:
    """A ranking in letters, best first.

    >>> ranking_words(((7,), (5, 6)), {5: "A", 6: "B", 7: "C"})
    'C > A = B'
    """
    return " > ".join(" = ".join(sorted(letters.get(one, "?") for one in group)) for group in ranking)


def settled_words(settled: DecisionRow, letters: Mapping[int, str]) -> str:
    """What was settled."""
    ranking = settled.ranking if len([one for group in settled.ranking for one in group]) > 2 else ()
    if settled.chosen_candidate_id is None:
        return ranking_words(ranking, letters) if len(ranking) > 1 else "no difference"
    is_plain = len(ranking) == 2 and len(ranking[0]) == 1  # one best, the rest level
    named = f"{letters.get(settled.chosen_candidate_id, '?')} is best"
    return named if is_plain or not ranking else f"{named}: {ranking_words(ranking, letters)}"


def state_words(row: CaseRow) -> str:
    """Why an item is a case."""
    if row.settled_at is not None:
        return "settled"
    return "flagged" if row.state == "flagged" else "people differ"


def case_label(row: CaseRow) -> str:
    """A line of the list: number, why, how it begins; read as Markdown, so what a file says is escaped."""
    prompt = " ".join(row.prompt.split())
    begin = prompt if len(prompt) <= PROMPT_SHOWN else prompt[: PROMPT_SHOWN - 1] + "…"
    return f"**{row.position + 1}** · {state_words(row)} · {plain(begin)}"


def candidates_html(case: Case) -> str:
    """The responses, side by side when there are two, with a mark on what was settled."""
    layout = "t-pair" if len(case.candidates) == 2 else "t-list"
    chosen = None if case.settled is None else case.settled.chosen_candidate_id
    cards = []
    for one in case.candidates:
        is_chosen = one.candidate_id == chosen
        mark = badge("settled as best", kind="good") if is_chosen else ""
        cards.append(
            f'<article class="t-card{" t-chosen" if is_chosen else ""}"><header class="t-head">'
            f'<span class="t-letter">{safe(one.letter)}</span>{mark}</header>'
            f"{prose(one.text, fold_at=FOLD_AT)}</article>"
        )
    return f'<div class="{layout}">{"".join(cards)}</div>'


def decision_html(said: CaseDecision, letters: Mapping[int, str]) -> str:
    """What one person said, as a card: who (a number until it is settled), what, why."""
    who = said.person if said.name is None else said.name
    also = "".join(
        f'<span class="t-muted">{safe(word)}</span>'
        for word in (said.person if said.name is not None else "", "you" if said.is_mine else "")
        if word
    )
    tags = "".join(badge(tag) for tag in said.reason_tags)
    note = f'<div class="t-said-note" dir="auto">{safe(said.note)}</div>' if said.note.strip() else ""
    foot = ["without seeing the suggestion" if said.is_blind else ""]
    foot += [moment(said.created_at)] if said.name is not None else []
    return (
        f'<div class="t-said"><div class="t-head"><b dir="auto">{safe(who)}</b>{also}</div>'
        f'<div class="t-said-what">{safe(said_words(said, letters))}</div>'
        f'<div class="t-badges">{tags}</div>{note}'
        f'<div class="t-note">{safe(" · ".join(part for part in foot if part))}</div></div>'
    )
