"""Criteria as they are typed: a whole body, and beside it exemplars that are not finished yet, so that nothing is lost.

    body         what can be weighed at any moment: every exemplar has a prompt, a good and a bad response
    unfinished   the rest, each with its place among its domain's exemplars; kept in the same row of `criteria_draft`

Pure edits, and the two that read and keep them. Leaves out drafts as such (drafts.py) and the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from scoring.criteria_body import CriteriaBody, DomainCriteria, Exemplar
from services.criteria.drafts import Draft, DraftMoved, SeenAt, find_draft, save_draft
from services.criteria.exemplars import carry_origin
from services.errors import NotFound, Refused
from services.formats.cleaning import clean

TRIES = 5  # two windows saving in the same moment: the later one reads again
DOMAIN_LIMIT = 100  # characters, as the columns have it


@dataclass(frozen=True, slots=True)
class ExemplarText:
    """An exemplar as typed; any of its texts may be empty. was: the finished one it was before, if it was one."""

    prompt: str = ""
    good: str = ""
    bad: str = ""
    explanation: str = ""
    was: Exemplar | None = None

    @property
    def finished(self) -> Exemplar | None:
        """The exemplar, when nothing is missing."""
        return None if self.problem else Exemplar(self.prompt, self.good, self.bad, self.explanation)

    @property
    def problem(self) -> str:
        """One line on what is missing; "" when nothing is."""
        try:
            Exemplar(self.prompt, self.good, self.bad, self.explanation)
        except ValueError as error:
            return str(error)
        return ""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An exemplar that is not finished, and where it stands. domain: None for the default."""

    domain: str | None
    place: int  # among all exemplars of the domain, finished ones included
    text: ExemplarText


@dataclass(frozen=True, slots=True)
class Editing:
    """Criteria in the middle of an edit."""

    body: CriteriaBody
    unfinished: tuple[Unfinished, ...] = ()

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains with text of their own."""
        return tuple(name for name, _ in self.body.domains)

    def instruction(self, domain: str | None) -> str:
        """The instruction of a domain (None: the default)."""
        return self._entry(domain).instruction

    def exemplars(self, domain: str | None) -> tuple[ExemplarText, ...]:
        """All exemplars of a domain in their order, unfinished ones at their places."""
        shown = [_as_text(exemplar) for exemplar in self._entry(domain).exemplars]
        for one in sorted((one for one in self.unfinished if one.domain == domain), key=lambda one: one.place):
            shown.insert(min(one.place, len(shown)), one.text)
        return tuple(shown)

    @property
    def problems(self) -> tuple[str, ...]:
        """One line for each unfinished exemplar: where it stands and what is missing."""
        found = []
        for domain in (None, *self.domains):
            for number, text in enumerate(self.exemplars(domain), start=1):
                if text.problem:
                    found.append(f"{domain or 'default'}, exemplar {number}: {text.problem}")
        return tuple(found)

    def with_instruction(self, domain: str | None, text: str) -> Editing:
        """The same with another instruction."""
        return replace(self, body=self._body_with(domain, replace(self._entry(domain), instruction=text)))

    def with_exemplars(self, domain: str | None, texts: Sequence[ExemplarText]) -> Editing:
        """The same with these exemplars, in this order; empty ones too."""
        finished = tuple(done for text in texts if (done := text.finished) is not None)
        rest = [Unfinished(domain, place, text) for place, text in enumerate(texts) if text.problem]
        others = [one for one in self.unfinished if one.domain != domain]
        body = self._body_with(domain, replace(self._entry(domain), exemplars=finished))
        return Editing(body, (*others, *rest))

    def with_domain(self, name: str) -> Editing:
        """A domain more, beginning with the default's text, which held for it until now. Raises Refused."""
        wanted = name.strip()
        if not 1 <= len(wanted) <= DOMAIN_LIMIT:
            raise Refused(f"the domain's name has {len(wanted)} characters; give one of 1 to {DOMAIN_LIMIT}")
        if wanted in self.domains:
            raise Refused(f"the domain {wanted!r} is there already; choose it above")
        return replace(self, body=CriteriaBody(self.body.default, [*self.body.domains, (wanted, self.body.default)]))

    def without_domain(self, name: str) -> Editing:
        """The domain goes, with its exemplars; the default holds for its items again."""
        left = [(other, entry) for other, entry in self.body.domains if other != name]
        unfinished = tuple(one for one in self.unfinished if one.domain != name)
        return Editing(CriteriaBody(self.body.default, left), unfinished)

    def _entry(self, domain: str | None) -> DomainCriteria:
        if domain is None:
            return self.body.default
        found = dict(self.body.domains).get(domain)
        if found is None:
            raise NotFound(f"these criteria have no domain {domain!r}; add it first")
        return found

    def _body_with(self, domain: str | None, entry: DomainCriteria) -> CriteriaBody:
        if domain is None:
            return CriteriaBody(entry, self.body.domains)
        return CriteriaBody(
            self.body.default, [(name, entry if name == domain else e) for name, e in self.body.domains]
        )


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit did. before: what it began from, is_new: no draft was there. left: the draft, None: no change."""

    before: Editing
    is_new: bool
    left: Draft | None


def read_editing(sessions: sessionmaker[Session], annotator: str, name: str) -> tuple[Draft, Editing] | None:
    """The annotator's draft of that name as typed; None when there is none."""
    draft = find_draft(sessions, annotator, name)
    if draft is None:
        return None
    known = {None, *(domain for domain, _ in draft.body.domains)}
    unfinished = tuple(one for one in map(_read, draft.unfinished) if one.domain in known)
    return draft, Editing(draft.body, unfinished)


def change_draft(
    sessions: sessionmaker[Session],
    annotator: str,
    name: str,
    edit: Callable[[Editing], Editing],
    *,
    begin: Editing,
    base_criteria_id: int | None,
) -> Changed:
    """The draft as it is kept now, edited and kept again; read and edited anew where another window saved meanwhile.

    begin, base_criteria_id: what an edit without a draft begins from. Raises what `edit` raises, or DraftMoved.
    """
    for tries_left in reversed(range(TRIES)):
        known = read_editing(sessions, annotator, name)
        draft, before = known if known is not None else (None, begin)
        after = edit(before)
        if after == before:
            return Changed(before, draft is None, None)
        base, seen = (base_criteria_id, None) if draft is None else (draft.base_criteria_id, draft.updated_at)
        try:
            left = keep_editing(sessions, annotator, name, after, base_criteria_id=base, seen=SeenAt(seen))
        except DraftMoved:
            if not tries_left:
                raise
            continue
        return Changed(before, draft is None, left)
    raise ValueError(f"TRIES is {TRIES}; it must be at least 1")


def keep_editing(
    sessions: sessionmaker[Session],
    annotator: str,
    name: str,
    editing: Editing,
    *,
    base_criteria_id: int | None,
    seen: SeenAt | None = None,
) -> Draft:
    """Keep what was typed as the annotator's draft of that name, whole and unfinished exemplars in one write."""
    rest = clean([asdict(one) for one in editing.unfinished], set())
    return save_draft(sessions, annotator, name, editing.body, base_criteria_id, unfinished=rest, seen=seen)


def edited(sessions: sessionmaker[Session], before: ExemplarText, **texts: str) -> ExemplarText:
    """The exemplar with some of its texts replaced; what it was made from is never used to measure it either."""
    was = before.finished or before.was
    sound: dict[str, str] = clean(texts, set())  # as the draft keeps it: the origin goes by the kept text
    after = replace(before, **sound, was=was)
    done = after.finished
    if was is not None and done is not None and done != was:
        carry_origin(sessions, before=was, after=done)
    return after


def place_now(now: Sequence[ExemplarText], drawn: Sequence[ExemplarText], place: int) -> int | None:
    """Where the exemplar that was drawn at `place` stands now; None when it is gone.

    Another window may have added, moved or removed some since. One whose own text changed keeps its place as long as
    there are as many as were drawn.
    """
    wanted = _parts(drawn[place])
    same = [at for at, text in enumerate(now) if _parts(text) == wanted]
    if place in same or (len(now) == len(drawn) and (not same or not any(wanted))):
        return place
    return min(same, key=lambda at: abs(at - place), default=None)


def _parts(text: ExemplarText) -> tuple[str, str, str, str]:
    return text.prompt, text.good, text.bad, text.explanation


def _as_text(exemplar: Exemplar) -> ExemplarText:
    return ExemplarText(exemplar.prompt, exemplar.good, exemplar.bad, exemplar.explanation)


def _read(kept: Mapping[str, Any]) -> Unfinished:
    text = dict(kept["text"])
    was = text.pop("was", None)
    return Unfinished(kept["domain"], int(kept["place"]), ExemplarText(**text, was=was and Exemplar(**was)))
