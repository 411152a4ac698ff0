"""Groups of people who decide alike, where there is evidence, and the items on which they part."""

from __future__ import annotations

import streamlit as st

from services.people.answers import AnsweredItem, Answers
from services.people.roster import prompts_of
from services.people.tastes import Group, Parting, Tastes
from ui import frame, resources
from ui.people.read import Version, answers_of, tastes_of
from ui.people.words import tastes_words
from ui.prose import badge, safe
from ui.wording import share_line

PARTINGS_SHOWN = 12
PROMPT_SHOWN = 140  # characters


def show_tastes(version: Version) -> None:
    """The sentence, the groups, the items."""
    is_blind_only = st.toggle(
        "Only answers given before the suggestion was seen", key="people_blind_tastes",
        help="People who follow the suggestion decide alike, too.",
    )  # fmt: skip
    found = tastes_of(version, is_blind_only)
    st.html(f'<div class="t-statement">{safe(tastes_words(found))}</div>')
    if len(found.groups) < 2:
        st.caption(
            "People are split only when both sides agree within themselves more than with each other, on items that "
            "had no part in the splitting. Careless people are no taste: they agree with nobody."
        )
        return
    st.html(f'<div class="t-groups">{"".join(_group(n, group) for n, group in enumerate(found.groups, 1))}</div>')
    st.caption(f"People of different groups say the same in {share_line(found.between, of='pairs of answers')}.")
    _partings(answers_of(version), found)


def _group(number: int, group: Group) -> str:
    """A group as a card: who is in it, how far it agrees within, and with the suggestion."""
    people = "".join(badge(person.name) for person in group.people)
    return (
        f'<div class="t-group"><b>Group {number}</b><div class="t-badges">{people}</div>'
        f"<div>Say the same: {safe(share_line(group.within, of='pairs of answers'))}</div>"
        f"<div>Agree with the suggestion: {safe(share_line(group.with_suggestion, of='answers'))}</div></div>"
    )


def _partings(answers: Answers, found: Tastes) -> None:
    """The clearest items, each with its prompt and a link to it in Review."""
    st.markdown("**Where the groups part**")
    if not found.partings:
        st.caption("On no item do the groups have different majorities.")
        return
    shown = found.partings[:PARTINGS_SHOWN]
    prompts = prompts_of(resources.sessions(), [one.item_id for one in shown])
    for one in shown:
        at_link, at_said, at_prompt = st.columns([1, 3, 8], vertical_alignment="center")
        with at_link:
            frame.page_link(frame.REVIEW, f"item {one.position + 1}", item=one.item_id)
        at_said.html(f'<div class="t-note">{safe(parting_words(answers.items[one.item_id], one))}</div>')
        prompt = " ".join(prompts.get(one.item_id, "").split())
        at_prompt.html(f'<div class="t-parting" dir="auto">{safe(prompt[:PROMPT_SHOWN])}</div>')
    if len(found.partings) > len(shown):
        st.caption(f"The {len(shown)} clearest, of {len(found.partings)}.")


def parting_words(item: AnsweredItem, one: Parting) -> str:
    """What each group's majority says: "group 1: B (3 of 3), group 2: A (2 of 3)"."""
    said = []
    for number, (choice, n_for, n) in enumerate(one.majorities, 1):
        is_known = choice in item.candidate_ids
        word = chr(ord("A") + item.candidate_ids.index(choice)) if is_known else "no difference"
        said.append(f"group {number}: {word} ({n_for} of {n})")
    return ", ".join(said)
