"""The criteria that the ablation compares, with exemplars drawn from the demo's own generator, none of them held out.

    no criteria; the demo's lines; these with exemplars; exemplars alone; the general set `helpful`, and its line alone

Two exemplars a domain, in the style that its line asks for: over the same in another style, and over a wrong answer.
Leaves out the weighing (conditioning.py).
"""

import random
from dataclasses import dataclass, replace

from demo.cases import DOMAINS, answer, bad_answer, bad_kinds, draw_case
from demo.items import STYLE_BY_DOMAIN
from demo.phrases import Draw
from scoring.conditioning import Conditioning
from scoring.criteria import CriteriaBody, DomainCriteria, Exemplar, builtin_criteria

SEED = 4711
OTHER_STYLE = "thorough"
WHY = {"reasoning": "bad reasoning", "safety": "unsafe", "chat": "wrong fact"}
BOTH, STRONG = Conditioning(), Conditioning(read_by="strong")
BOTH_TURNS, STRONG_TURNS = Conditioning(exemplars="turns"), Conditioning("strong", "turns")
NONE = "none"


@dataclass(frozen=True, slots=True)
class Way:
    """One line of the table: a set, and how it is read."""

    title: str
    body: CriteriaBody
    conditioning: Conditioning


def exemplars(seed: int = SEED) -> dict[str, tuple[Exemplar, Exemplar]]:
    """Two of each domain, from names and amounts that are trained on; the same for the same seed."""
    draw = Draw(random.Random(seed))
    found = {}
    for domain in DOMAINS:
        style = STYLE_BY_DOMAIN[domain]
        one, other = draw_case(draw, domain), draw_case(draw, domain)
        wrong = next(text for kind in bad_kinds(other) if (text := bad_answer(other, kind, style, draw)) is not None)
        found[domain] = (
            Exemplar(one.prompt, answer(one, style, draw), answer(one, OTHER_STYLE, draw), "style"),
            Exemplar(other.prompt, answer(other, style, draw), wrong, WHY[domain]),
        )
    return found


def with_exemplars(body: CriteriaBody) -> CriteriaBody:
    """The same lines, each domain with its exemplars."""
    by_domain = exemplars()
    domains = {name: replace(body.entry_for(name), exemplars=by_domain[name]) for name in DOMAINS}
    return CriteriaBody(body.default, domains)


def ways() -> list[Way]:
    """All that is compared, no criteria first."""
    builtin = builtin_criteria()
    lines = builtin["demo"].body
    helpful = builtin["helpful"].body
    plain = {
        "the demo's lines": lines,
        "helpful, its instruction alone": CriteriaBody(DomainCriteria(helpful.instruction_for(None))),
    }
    sets = {
        "lines with exemplars": with_exemplars(lines),
        "exemplars alone": with_exemplars(CriteriaBody(DomainCriteria())),
        "helpful (2 exemplars)": helpful,
    }
    found = [Way(NONE, builtin[NONE].body, BOTH)]
    found += [Way(title, body, how) for title, body in plain.items() for how in (BOTH, STRONG)]
    hows = (BOTH, STRONG, BOTH_TURNS, STRONG_TURNS)
    found += [Way(title, body, how) for title, body in sets.items() for how in hows]
    return found
