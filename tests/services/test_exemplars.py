"""The loop: overrides become exemplars, the most useful are proposed, and held-out items stay held out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from service_builders import Reviewer, draft, item_ids, make_dataset, queue_run
from sqlalchemy import select, update

from db.session import Sessions
from db.tables import Suggestion
from db.tables_criteria import ExemplarOrigin, ItemDomain
from scoring.criteria_body import CriteriaBody, DomainCriteria, Exemplar
from scoring.room import ModelRoom
from services.criteria.exemplars import (
    adopt_exemplar,
    carry_origin,
    exemplar_from_decision,
    held_out_item_ids,
    proposals,
)
from services.criteria.store import add_version
from services.decisions import undo
from services.errors import NotFound, Refused
from services.formats.drafts import ItemDraft
from services.reviews.review import load_item
from services.trials.trial import advance, start_trial
from services.weighing.run import weigh

EMPTY = CriteriaBody("")
PROMPTS = (
    "Where does the green tea come from?",
    "Can I return a broken pot?",
    "How long should lemon leaves steep in hot water?",
    "Do you open on Sundays?",
    "Is honey cheaper than sugar?",
    "Which kind cup would suit my small grandmother?",
)


class Shop:
    """A weighed dataset and somebody who decides on it."""

    def __init__(self, desk: Sessions, room: ModelRoom, items: Sequence[ItemDraft]) -> None:
        self.desk = desk
        self.dataset_id = make_dataset(desk, items)
        self.run_id = queue_run(desk, self.dataset_id)
        assert weigh(desk, room, self.run_id).status == "done"
        self.ids = item_ids(desk, self.dataset_id)
        self.ann = Reviewer(desk, self.dataset_id)

    def decide(self, place: int, *, is_override: bool, name: str = "ann", **more: object) -> int:
        """Accept, or choose the candidate ranked last; the decision's number."""
        person = Reviewer(self.desk, self.dataset_id, name=name)
        suggestion = person.look(self.ids[place], self.run_id).suggestion
        assert suggestion is not None
        chosen = suggestion.ranking[-1][0] if is_override else suggestion.best_candidate_id
        said = person.say(self.ids[place], "best", run_id=self.run_id, chosen_candidate_id=chosen, **more)
        return int(said.decision_id)

    def override_all(self) -> list[int]:
        return [self.decide(place, is_override=True) for place in range(len(self.ids))]


def distinct(n: int = 6, **more: object) -> list[ItemDraft]:
    return [
        draft(prompt, f"milk {i}", f"a small cup {i}", f"hot water {i}", **more) for i, prompt in enumerate(PROMPTS)
    ][:n]


@pytest.fixture
def shop(desk: Sessions, room: ModelRoom) -> Shop:
    return Shop(desk, room, distinct())


def test_an_override_becomes_an_exemplar_of_the_choice_the_suggestion_and_the_reasons(shop: Shop) -> None:
    decision_id = shop.decide(1, is_override=True, reason_tags=["too long", "style"], note="Say it in three words.")
    made = exemplar_from_decision(shop.desk, decision_id)
    item = load_item(shop.desk, dataset_id=shop.dataset_id, annotator="ann", run_id=shop.run_id, item_id=shop.ids[1])
    assert item is not None
    assert item.suggestion is not None
    text = {candidate.candidate_id: candidate.text for candidate in item.candidates}
    reward = {candidate.candidate_id: candidate.reward or 0 for candidate in item.candidates}
    best, chosen = item.suggestion.best_candidate_id, item.suggestion.ranking[-1][0]
    assert (made.exemplar.prompt, made.exemplar.good, made.exemplar.bad) == (PROMPTS[1], text[chosen], text[best])
    assert made.exemplar.explanation == (
        "The bad response is too long and is in the wrong style. Say it in three words."
    )
    assert made.margin == pytest.approx(reward[best] - reward[chosen])
    assert (made.item_id, made.position, made.domain) == (shop.ids[1], 1, None)


def test_what_shows_no_good_and_bad_response_makes_no_exemplar(shop: Shop) -> None:
    with pytest.raises(Refused, match="accepted the suggestion"):
        exemplar_from_decision(shop.desk, shop.decide(0, is_override=False))
    for verdict, why in (("tie", "equally good"), ("skip", "skipped"), ("flag", "without choosing")):
        said = shop.ann.say(shop.ids[1], verdict, run_id=shop.run_id)
        with pytest.raises(Refused, match=why):
            exemplar_from_decision(shop.desk, said.decision_id)
    with pytest.raises(NotFound, match="no decision 999"):
        exemplar_from_decision(shop.desk, 999)


def test_a_decision_without_a_suggestion_has_no_bad_side(shop: Shop) -> None:
    first = shop.ann.look(shop.ids[0], shop.run_id).candidates[0].candidate_id
    said = shop.ann.say(shop.ids[0], "best", chosen_candidate_id=first)
    with pytest.raises(Refused, match="there is no bad response"):
        exemplar_from_decision(shop.desk, said.decision_id)


def test_a_decision_that_was_undone_or_changed_makes_no_exemplar(shop: Shop) -> None:
    undone, changed = shop.decide(0, is_override=True), shop.decide(1, is_override=True)
    later = shop.decide(1, is_override=False)
    with pytest.raises(Refused, match=f"was replaced by decision {later}"):
        exemplar_from_decision(shop.desk, changed)
    undo(shop.desk, dataset_id=shop.dataset_id, annotator="ann")
    undo(shop.desk, dataset_id=shop.dataset_id, annotator="ann")
    undo(shop.desk, dataset_id=shop.dataset_id, annotator="ann")
    with pytest.raises(Refused, match="was undone"):
        exemplar_from_decision(shop.desk, undone)
    assert proposals(shop.desk, run_id=shop.run_id, body=EMPTY) == ()


def test_responses_with_one_text_or_none_make_no_exemplar(desk: Sessions, room: ModelRoom) -> None:
    shop = Shop(desk, room, [draft("one text", "same", "same", "other"), draft("no text", "milk", "tea", "")])
    for place, position in ((0, 0), (1, 2)):
        item = shop.ann.look(shop.ids[place], shop.run_id)
        with desk.begin() as session:  # as if the run had proposed the other one of the two alone
            other = next(c.candidate_id for c in item.candidates if c.key == (2 if place == 0 else 1))
            session.execute(
                update(Suggestion)
                .where(Suggestion.item_id == shop.ids[place])
                .values(best_candidate_id=other, ranking=[[other]])
            )
        chosen = next(c.candidate_id for c in item.candidates if c.key == position + 1)
        said = shop.ann.say(shop.ids[place], "best", run_id=shop.run_id, chosen_candidate_id=chosen)
        with pytest.raises(Refused, match="the same text" if place == 0 else "no good text"):
            exemplar_from_decision(desk, said.decision_id)
    assert proposals(desk, run_id=shop.run_id, body=EMPTY) == ()


def test_the_largest_wrong_margins_are_proposed_first(shop: Shop) -> None:
    shop.override_all()
    found = proposals(shop.desk, run_id=shop.run_id, body=EMPTY)
    margins = [proposal.margin for proposal in found]
    assert len(found) == 6
    assert margins == sorted(margins, reverse=True)
    assert margins[-1] > 0
    assert f"{margins[0]:.2f} nats above the person's choice" in found[0].reason
    assert len(proposals(shop.desk, run_id=shop.run_id, body=EMPTY, limit=2)) == 2


def test_accepts_and_what_the_run_has_right_by_now_are_not_proposed(shop: Shop) -> None:
    shop.decide(0, is_override=False)
    shop.decide(1, is_override=True)
    assert [one.item_id for one in proposals(shop.desk, run_id=shop.run_id, body=EMPTY)] == [shop.ids[1]]
    with shop.desk.begin() as session:  # as a later run might rank it
        kept = session.scalars(select(Suggestion).where(Suggestion.item_id == shop.ids[1])).one()
        kept.ranking, kept.best_candidate_id = list(reversed(kept.ranking)), kept.ranking[-1][0]
    assert proposals(shop.desk, run_id=shop.run_id, body=EMPTY) == ()


def test_near_duplicates_of_an_exemplar_or_of_an_earlier_proposal_are_left_out(desk: Sessions, room: ModelRoom) -> None:
    same = [
        draft(f"Where does the {tea} tea come from, please?", f"a {n}", f"b {n}")
        for n, tea in enumerate(("green", "black"))
    ]
    shop = Shop(desk, room, [*same, draft("Can I return a broken pot?", "yes", "no, never")])
    shop.override_all()
    found = proposals(desk, run_id=shop.run_id, body=EMPTY)
    assert len(found) == 2
    assert shop.ids[2] in {one.item_id for one in found}
    assert all(one.similarity < 0.4 for one in found)
    body = CriteriaBody("", {"chat": DomainCriteria("", (Exemplar("CAN I RETURN MY BROKEN POT?", "yes", "no"),))})
    assert shop.ids[2] not in {one.item_id for one in proposals(desk, run_id=shop.run_id, body=body)}


def test_proposals_are_counted_by_the_domain_that_the_run_took(desk: Sessions, room: ModelRoom) -> None:
    shop = Shop(desk, room, [*distinct(3, domain="chat"), *distinct(6)[3:]])
    with desk.begin() as session:
        session.add(ItemDomain(run_id=shop.run_id, item_id=shop.ids[0], domain="safety", source="hand"))
    shop.override_all()
    by_domain = {
        domain: proposals(desk, run_id=shop.run_id, body=EMPTY, domain=domain) for domain in ("chat", "safety", "")
    }
    assert [one.item_id for one in by_domain["safety"]] == [shop.ids[0]]
    assert {one.item_id for one in by_domain["chat"]} == set(shop.ids[1:3])
    assert {one.item_id for one in by_domain[""]} == set(shop.ids[3:])
    assert len(proposals(desk, run_id=shop.run_id, body=EMPTY, limit=1)) == 3
    with pytest.raises(NotFound, match="no run 999"):
        proposals(desk, run_id=999, body=EMPTY)


def test_of_two_people_s_decisions_the_one_that_counts_is_proposed_or_none(shop: Shop) -> None:
    shop.decide(0, is_override=True)
    assert len(proposals(shop.desk, run_id=shop.run_id, body=EMPTY)) == 1
    shop.decide(0, is_override=False, name="bob")
    assert proposals(shop.desk, run_id=shop.run_id, body=EMPTY) == ()


def test_an_adopted_exemplar_stands_in_its_domain_once_and_its_origin_is_known(shop: Shop) -> None:
    made = exemplar_from_decision(shop.desk, shop.decide(0, is_override=True))
    body = CriteriaBody(DomainCriteria("Be brief.", (Exemplar("p", "g", "b"),)), {"safety": "Refuse."})
    longer = adopt_exemplar(shop.desk, body, domain="chat", proposal=made)
    assert longer.default == body.default
    assert longer.entry_for("safety") == body.entry_for("safety")
    assert longer.entry_for("chat").instruction == "Be brief."  # what held for chat until now
    assert longer.entry_for("chat").exemplars == (Exemplar("p", "g", "b"), made.exemplar)
    assert adopt_exemplar(shop.desk, longer, domain="chat", proposal=made) == longer
    assert adopt_exemplar(shop.desk, body, domain=None, proposal=made).default.exemplars[-1] == made.exemplar
    with shop.desk() as session:
        origins = session.scalars(select(ExemplarOrigin)).all()
    assert [(one.exemplar_sha256, one.item_id, one.decision_id) for one in origins] == [
        (made.exemplar.sha256, shop.ids[0], made.decision_id)
    ]


def test_held_out_items_are_decided_and_no_exemplar_was_made_from_them(shop: Shop) -> None:
    decisions = [shop.decide(place, is_override=place != 2) for place in range(4)]
    shop.ann.say(shop.ids[4], "tie", run_id=shop.run_id)
    shop.decide(5, is_override=True)
    shop.ann.say(shop.ids[5], "tie", run_id=shop.run_id)  # once chosen, but what counts is the tie
    assert held_out_item_ids(shop.desk, run_id=shop.run_id, body=EMPTY) == tuple(shop.ids[:4])
    made = exemplar_from_decision(shop.desk, decisions[1])
    body = adopt_exemplar(shop.desk, EMPTY, domain="chat", proposal=made)
    assert held_out_item_ids(shop.desk, run_id=shop.run_id, body=body) == (shop.ids[0], shop.ids[2], shop.ids[3])
    by_hand = CriteriaBody(DomainCriteria("", (Exemplar("do you open on SUNDAYS", "no", "yes"),)))
    assert shop.ids[3] not in held_out_item_ids(shop.desk, run_id=shop.run_id, body=by_hand)
    with pytest.raises(NotFound, match="no run 999"):
        held_out_item_ids(shop.desk, run_id=999, body=EMPTY)


def test_an_edited_exemplar_is_still_not_measured_on_its_origin(shop: Shop) -> None:
    made = exemplar_from_decision(shop.desk, shop.decide(0, is_override=True))
    adopt_exemplar(shop.desk, EMPTY, domain=None, proposal=made)
    edited = Exemplar("Where is the tea from?", made.exemplar.good, made.exemplar.bad, "Shorter.")
    body = CriteriaBody(DomainCriteria("", (edited,)))
    assert held_out_item_ids(shop.desk, run_id=shop.run_id, body=body) == (shop.ids[0],)
    carry_origin(shop.desk, before=made.exemplar, after=edited)
    carry_origin(shop.desk, before=made.exemplar, after=edited)
    assert held_out_item_ids(shop.desk, run_id=shop.run_id, body=body) == ()


def test_the_effect_of_an_exemplar_is_a_trial_on_the_held_out_items(shop: Shop, room: ModelRoom) -> None:
    decisions = shop.override_all()
    body = adopt_exemplar(shop.desk, EMPTY, domain=None, proposal=exemplar_from_decision(shop.desk, decisions[0]))
    held_out = held_out_item_ids(shop.desk, run_id=shop.run_id, body=body)
    report = advance(shop.desk, room, start_trial(shop.desk, run_id=shop.run_id, body=body, item_ids=held_out))
    assert (report.n_items, report.before.n, report.before.value) == (5, 5, 0.0)  # every one was overridden
    assert shop.ids[0] not in {flip.item_id for flip in report.flips}
    assert report.after.value == pytest.approx(report.n_fixes / 5)


def test_what_the_run_s_own_exemplars_were_made_from_is_not_held_out_from_a_draft_without_them(
    shop: Shop, room: ModelRoom
) -> None:
    """The run has read about that item, the draft has not: compared there, the draft looks worse than it is."""
    decisions = [shop.decide(place, is_override=True) for place in range(3)]
    made = exemplar_from_decision(shop.desk, decisions[0])
    adopted = add_version(
        shop.desk, "mine", title="", body=adopt_exemplar(shop.desk, EMPTY, domain=None, proposal=made)
    )
    later = queue_run(shop.desk, shop.dataset_id, criteria_id=adopted.criteria_id)
    assert weigh(shop.desk, room, later).status == "done"
    assert held_out_item_ids(shop.desk, run_id=later, body=EMPTY) == tuple(shop.ids[1:3])
    assert held_out_item_ids(shop.desk, run_id=shop.run_id, body=EMPTY) == tuple(shop.ids[:3])


def test_items_with_the_prompt_of_an_exemplar_s_origin_stay_out_when_its_prompt_is_edited(
    desk: Sessions, room: ModelRoom
) -> None:
    twice = [draft(PROMPTS[0], "milk", "a small cup"), draft(PROMPTS[0], "hot water", "lemon leaves and honey")]
    shop = Shop(desk, room, [*twice, draft(PROMPTS[1], "yes", "no, never")])
    decisions = shop.override_all()
    made = exemplar_from_decision(desk, decisions[0])
    adopt_exemplar(desk, EMPTY, domain=None, proposal=made)
    shorter = Exemplar("Where is the tea from?", made.exemplar.good, made.exemplar.bad)
    carry_origin(desk, before=made.exemplar, after=shorter)
    body = CriteriaBody(DomainCriteria("", (shorter,)))
    assert held_out_item_ids(desk, run_id=shop.run_id, body=body) == (shop.ids[2],)


def test_a_trial_says_how_many_judged_items_its_exemplars_were_made_from(shop: Shop, room: ModelRoom) -> None:
    decisions = [shop.decide(place, is_override=True) for place in range(3)]
    body = adopt_exemplar(shop.desk, EMPTY, domain=None, proposal=exemplar_from_decision(shop.desk, decisions[1]))
    mixed = advance(shop.desk, room, start_trial(shop.desk, run_id=shop.run_id, body=body, only="decided"))
    held_out = held_out_item_ids(shop.desk, run_id=shop.run_id, body=body)
    apart = advance(shop.desk, room, start_trial(shop.desk, run_id=shop.run_id, body=body, item_ids=held_out))
    assert (mixed.before.n, mixed.n_of_exemplars) == (3, 1)
    assert (apart.before.n, apart.n_of_exemplars) == (2, 0)
    assert "flatters" not in apart.notice
    assert "Exemplars were made from 1 judged item" in mixed.notice
