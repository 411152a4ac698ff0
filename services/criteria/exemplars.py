"""The loop: an override becomes an exemplar, and its effect is measured on what it was not made from.

    good          what the person chose             bad   what had been suggested
    explanation   the reasons in words, then the note

    effect        a trial (trials/trial.py) on `held_out_item_ids`

Leaves out the similarity of texts (exemplar_likeness.py), the wording (exemplar_words.py) and which items an exemplar
was made from (exemplar_origins.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session, sessionmaker

from db.queries_exports import score_by_candidate
from db.queries_items import candidates_by_item
from db.queries_trials import domain_by_item, items_by_id, latest_of, overridden_item_ids
from db.tables import Candidate, Decision, Item, Run, Score
from scoring.criteria_body import CriteriaBody, DomainCriteria, Exemplar
from services.criteria.exemplar_likeness import NEAR_DUPLICATE, Grams, grams, nearest
from services.criteria.exemplar_origins import carry_origin, held_out_item_ids, remember_origin
from services.criteria.exemplar_words import explanation_of, prompt_of
from services.errors import NotFound, Refused
from services.exports.items import BATCH_ITEMS, ExportItem, with_findings

__all__ = [
    "Proposal", "adopt_exemplar", "carry_origin", "exemplar_from_decision", "held_out_item_ids", "proposals",
]  # fmt: skip

NOT_AN_OVERRIDE = {
    "accept": "accepted the suggestion, so there is no response that a person turned down",
    "tie": "called the responses equally good, so none is the bad one",
    "skip": "skipped the item",
    "flag": "flagged the item without choosing",
    "undo": "was undone",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """An override as the exemplar it would make.

    margin: the run's best minus the person's choice, in the unit that ranks: how wrong the run was.
    similarity: 0 to 1, of its prompt to the nearest exemplar of the body or proposal before it.
    """

    decision_id: int
    item_id: int
    position: int
    domain: str | None
    exemplar: Exemplar
    margin: float
    similarity: float
    reason: str  # one line: why it is worth adding


def proposals(
    sessions: sessionmaker[Session], *, run_id: int, body: CriteriaBody, domain: str | None = None, limit: int = 10
) -> tuple[Proposal, ...]:
    """Overrides most worth adding: still wrong under the run, largest wrong margin first, near duplicates left out.

    At most `limit` for each domain. domain: only that one; "" for items without a domain, None for all. An override
    made on another run counts as long as this one still ranks something else above the person's choice. Of several
    people's decisions on an item the one that counts is taken, as everywhere.
    """
    with sessions() as session:
        run = _run(session, run_id)
        found = sorted(_wrong(session, run), key=lambda one: (-one.margin, one.decision_id))
    seen = [grams(exemplar.prompt) for exemplar in _exemplars(body)]
    counts: Counter[str | None] = Counter()
    chosen: list[Proposal] = []
    for one in found:
        if counts[one.domain] >= limit or (domain is not None and (one.domain or "") != domain):
            continue
        own: Grams = grams(one.exemplar.prompt)
        similarity = nearest(own, seen)
        if similarity >= NEAR_DUPLICATE:
            continue
        seen.append(own)
        counts[one.domain] += 1
        chosen.append(replace(one, similarity=similarity, reason=_reason(run, one.margin, similarity, len(seen) > 1)))
    return tuple(chosen)


def exemplar_from_decision(sessions: sessionmaker[Session], decision_id: int) -> Proposal:
    """The exemplar that an override makes. NotFound, or Refused with one line (an accept, a tie, no bad side)."""
    with sessions() as session:
        decision = session.get(Decision, decision_id)
        if decision is None:
            raise NotFound(f"no decision {decision_id}; it may be of a deleted dataset")
        _require_standing(session, decision)
        item = session.get_one(Item, decision.item_id)
        candidates = candidates_by_item(session, [item.item_id])[item.item_id]
        run = None if decision.run_id is None else session.get(Run, decision.run_id)
        exemplar = _exemplar(decision, item, candidates)
        scores = {} if run is None else score_by_candidate(session, run.run_id, [item.item_id])
        domain = item.domain if run is None else domain_by_item(session, run.run_id, [item])[item.item_id]
        margin = 0.0 if run is None else _margin(run, scores, decision, best=decision.suggested_candidate_id) or 0.0
    reason = _reason(run, margin, 0.0, False)
    return Proposal(decision_id, item.item_id, item.position, domain, exemplar, margin, 0.0, reason)


def adopt_exemplar(
    sessions: sessionmaker[Session], body: CriteriaBody, *, domain: str | None, proposal: Proposal
) -> CriteriaBody:
    """The body with the exemplar added for the domain (None: the default); where it came from is remembered.

    A domain without an entry of its own gets the default's text first, which held for it until now. An exemplar that is
    there already is not added again.
    """
    remember_origin(sessions, proposal.exemplar.sha256, item_id=proposal.item_id, decision_id=proposal.decision_id)
    entry = body.entry_for(domain)
    if proposal.exemplar.sha256 in {exemplar.sha256 for exemplar in entry.exemplars}:
        return body
    longer = DomainCriteria(entry.instruction, (*entry.exemplars, proposal.exemplar))
    if domain is None:
        return CriteriaBody(longer, body.domains)
    return CriteriaBody(body.default, {**dict(body.domains), domain: longer})


def _run(session: Session, run_id: int) -> Run:
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"no run {run_id}; it may have been deleted")
    return run


def _exemplars(body: CriteriaBody) -> Iterator[Exemplar]:
    for entry in (body.default, *(entry for _, entry in body.domains)):
        yield from entry.exemplars


def _wrong(session: Session, run: Run) -> Iterator[Proposal]:
    """Every standing override that the run still gets wrong and that makes an exemplar, in no order."""
    items = items_by_id(session, overridden_item_ids(session, run.dataset_id))
    domains = domain_by_item(session, run.run_id, items)
    for start in range(0, len(items), BATCH_ITEMS):
        for found in with_findings(session, items[start : start + BATCH_ITEMS], run.run_id, run.noise_margin):
            proposal = _proposal(run, found, domains[found.item.item_id])
            if proposal is not None:
                yield proposal


def _proposal(run: Run, found: ExportItem, domain: str | None) -> Proposal | None:
    """The item's override as an exemplar; None where it has none, or the run agrees with it by now."""
    deciding = found.deciding()
    if deciding is None or deciding[0].verdict != "override" or found.suggestion is None:
        return None
    decision, top = deciding[0], found.suggestion.ranking[0]
    margin = _margin(run, found.score_by_candidate, decision, best=top[0])
    if margin is None or decision.chosen_candidate_id in top:
        return None
    try:
        exemplar = _exemplar(decision, found.item, found.candidates)
    except Refused:
        return None
    return Proposal(decision.decision_id, found.item.item_id, found.item.position, domain, exemplar, margin, 0.0, "")


def _margin(run: Run, scores: dict[int, Score], decision: Decision, *, best: int | None) -> float | None:
    """How far the run ranks `best` above the person's choice; None where one of them has no reward."""
    if best not in scores or decision.chosen_candidate_id not in scores:
        return None
    values = [
        one.reward if run.configuration.get("rank_by", "sum") == "sum" else one.reward_per_token
        for one in (scores[best], scores[decision.chosen_candidate_id])
    ]
    return values[0] - values[1]


def _require_standing(session: Session, decision: Decision) -> None:
    """Refuse what is no override, or no longer one."""
    which = f"decision {decision.decision_id}"
    latest = latest_of(session, decision)
    if latest.decision_id != decision.decision_id:
        what = "was undone" if latest.verdict == "undo" else f"was replaced by decision {latest.decision_id}"
        raise Refused(f"{which} {what}; an exemplar is made from a decision that stands")
    if decision.verdict != "override":
        raise Refused(f"{which} {NOT_AN_OVERRIDE[decision.verdict]}; an exemplar is made from an override")
    if decision.suggested_candidate_id is None:
        raise Refused(f"{which} was made without a suggestion, so nothing was turned down: there is no bad response")


def _exemplar(decision: Decision, item: Item, candidates: Sequence[Candidate]) -> Exemplar:
    by_id = {one.candidate_id: one for one in candidates}
    good, bad = by_id.get(decision.chosen_candidate_id or 0), by_id.get(decision.suggested_candidate_id or 0)
    if good is None or bad is None:
        side = "good" if good is None else "bad"
        raise Refused(f"decision {decision.decision_id} has no {side} response; an exemplar needs both")
    try:
        return Exemplar(
            prompt=prompt_of(item.messages),
            good=good.text,
            bad=bad.text,
            explanation=explanation_of(decision.reason_tags, decision.note),
        )
    except ValueError as problem:
        raise Refused(f"decision {decision.decision_id} makes no exemplar: {problem}") from None


def _reason(run: Run | None, margin: float, similarity: float, is_compared: bool) -> str:
    if run is None:
        return "overridden by a person"
    unit = "nats" if run.configuration.get("rank_by", "sum") == "sum" else "nats per token"
    told = f"run {run.run_id} ranks another response {margin:.2f} {unit} above the person's choice"
    return f"{told}; the most similar exemplar is {similarity:.0%} alike" if is_compared else told
