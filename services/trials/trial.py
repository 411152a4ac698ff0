"""Try it: a draft of criteria weighed on some items beside a finished run, before anybody adopts it.

Same models, dtype, rank_by, routing and conditioning as the run unless told otherwise; only the text differs. What is
in the log-prob cache is not computed again, so a model whose text did not change computes nothing.
Leaves out which flips are fixes (ledger.py), the choice of items (items.py) and the work (weigh.py).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session, sessionmaker

from db.queries_trials import items_by_id, trials_of
from db.tables import Run
from db.tables_criteria import Trial
from scoring.conditioning import Conditioning
from scoring.criteria import builtin_criteria
from scoring.criteria_body import CriteriaBody, DomainCriteria
from scoring.pairs import ModelPair
from scoring.protocol import ModelSource
from services.criteria.drafts import sound_body
from services.criteria.exemplar_origins import body_of_run, used_item_ids
from services.criteria.store import is_own
from services.errors import NotFound, Refused
from services.pairs.catalogue import pair_of
from services.trials.items import compare, require_items, sample_items
from services.trials.ledger import Compared, ledger
from services.trials.rows import Flip, Only, TrialProblem, TrialReport
from services.trials.weigh import TrialWork
from services.weighing.encode import WeighSetup
from services.weighing.write import setup_of

__all__ = [
    "Flip", "Only", "TrialProblem", "TrialReport", "advance", "how_far", "latest_trial", "read_trial", "start_trial",
]  # fmt: skip


def start_trial(
    sessions: sessionmaker[Session],
    *,
    run_id: int,
    body: CriteriaBody,
    item_ids: Sequence[int] | None = None,
    n: int = 100,
    only: Only = "any",
    conditioning: Conditioning | None = None,
) -> int:
    """Choose the items and keep the trial; `advance` weighs it. The same trial asked for twice is one trial.

    Args:
        item_ids: exactly these items; else a sample of n items that the run has ranked.
        only: of which to sample: "decided" by a person, with "gold", or "any".
        conditioning: who reads the criteria and where exemplars stand; as the run when None.

    Raises NotFound (run) or Refused (run not finished, no such item, nothing to sample), each with the way out.
    """
    run = _finished_run(sessions, run_id)
    body = sound_body(body)
    chosen = (
        sample_items(sessions, run_id, n=n, only=only) if item_ids is None else require_items(sessions, run, item_ids)
    )
    read = Conditioning(**run.configuration.get("conditioning", {})) if conditioning is None else conditioning
    configuration = {"conditioning": read.to_json()}
    with sessions.begin() as session:
        for known in trials_of(session, run_id, body.sha256):
            if known.item_ids == chosen and known.configuration["conditioning"] == configuration["conditioning"]:
                return known.trial_id
        trial = Trial(
            dataset_id=run.dataset_id, run_id=run_id, criteria_sha256=body.sha256, body=json.loads(body.to_json()),
            configuration=configuration, item_ids=chosen,
        )  # fmt: skip
        session.add(trial)
        session.flush()
        return trial.trial_id


def advance(
    sessions: sessionmaker[Session],
    models: ModelSource,
    trial_id: int,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> TrialReport:
    """Weigh what is left, in the calling thread; `on_progress` gets (items done, items) after every chunk.

    Killed or stopped at any point it goes on from the last chunk. Raises NotFound, Refused (other weights than the
    run's), or a ScoringError in one line; what was weighed until then is kept.
    """
    trial, run = _read(sessions, trial_id)
    known = run.configuration.get("models", {})
    TrialWork(
        sessions=sessions,
        trial_id=trial_id,
        run_id=run.run_id,
        setup=_setup(sessions, trial, run),
        item_ids=trial.item_ids,
        done={int(item_id) for item_id in trial.results},
        fingerprints={side: known[side]["fingerprint"] for side in ("strong", "weak") if side in known},
        on_progress=on_progress or (lambda _done, _items: None),
        stop=stop or threading.Event(),
    ).run(models)
    return read_trial(sessions, trial_id)


def read_trial(sessions: sessionmaker[Session], trial_id: int) -> TrialReport:
    """The trial as far as it is, against the decisions and gold of now. NotFound when there is none."""
    trial, run = _read(sessions, trial_id)
    with sessions() as session:
        compared, problems = compare(session, run, trial.results)
        n_used = _n_of_exemplars(session, trial, run, compared)
    found = ledger(compared)
    computed: Mapping[str, int] = trial.configuration.get("computed", {})
    return TrialReport(
        trial_id=trial_id,
        run_id=run.run_id,
        criteria_sha256=trial.criteria_sha256,
        n_items=len(trial.item_ids),
        n_weighed=len(trial.results),
        n_problems=len(problems),
        flips=found.flips,
        fixes=found.fixes,
        regressions=found.regressions,
        unjudged=found.n("unjudged"),
        before=found.before,
        after=found.after,
        change=found.change,
        n_computed_strong=computed.get("strong", 0),
        n_computed_weak=computed.get("weak", 0),
        is_finished=trial.finished_at is not None,
        problems=tuple(problems),
        others=found.n("other"),
        n_within_noise=sum(flip.is_within_noise for flip in found.flips),
        notice=_notices(trial, run, n_used),
        rank_by=run.configuration["rank_by"],
        conditioning=trial.configuration["conditioning"],
        item_ids=tuple(trial.item_ids),
        n_of_exemplars=n_used,
    )


def _n_of_exemplars(session: Session, trial: Trial, run: Run, compared: Sequence[Compared]) -> int:
    """How many of the judged items an exemplar of the draft or of the run was made from."""
    bodies = [_body(trial), body_of_run(session, run)]
    if not any(body.n_exemplars for body in bodies):
        return 0
    judged = items_by_id(session, [item.item_id for item in compared if item.known.truth is not None])
    return len(used_item_ids(session, judged, bodies))


def how_far(sessions: sessionmaker[Session], trial_id: int) -> tuple[int, int]:
    """(items weighed, items), without the comparison: cheap enough to ask every second. NotFound when it is gone."""
    trial, _ = _read(sessions, trial_id)
    return len(trial.results), len(trial.item_ids)


def latest_trial(sessions: sessionmaker[Session], *, run_id: int, body: CriteriaBody) -> int | None:
    """The newest trial of exactly this text beside this run; None when there is none."""
    with sessions() as session:
        known = trials_of(session, run_id, body.sha256)
    return known[0].trial_id if known else None


def _finished_run(sessions: sessionmaker[Session], run_id: int) -> Run:
    with sessions() as session:
        run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"no run {run_id}; it may have been deleted")
    if run.status != "done":
        raise Refused(f"run {run_id} is {run.status}; a draft is tried beside a finished run, so let it finish first")
    return run


def _read(sessions: sessionmaker[Session], trial_id: int) -> tuple[Trial, Run]:
    with sessions() as session:
        trial = session.get(Trial, trial_id)
        run = None if trial is None else session.get(Run, trial.run_id)
    if trial is None or run is None:
        raise NotFound(f"no trial {trial_id}; its run may have been deleted: start it again")
    return trial, run


def _body(trial: Trial) -> CriteriaBody:
    return CriteriaBody.from_json(json.dumps(trial.body))


def _setup(sessions: sessionmaker[Session], trial: Trial, run: Run) -> WeighSetup:
    as_run = setup_of(sessions, run.configuration, criteria_id=run.criteria_id)
    read = Conditioning(**trial.configuration["conditioning"])
    return replace(as_run, criteria=_body(trial), conditioning=read)


def _notice(pair: ModelPair, body: CriteriaBody) -> str:
    """Whether a closed pair has ever seen the draft's text; what it has not, it reads as noise."""
    if pair.criteria != "closed":
        return ""
    own = [known.body for known in builtin_criteria().values() if is_own(known.name, pair=pair)]
    known = {entry.instruction for one in own for entry in _entries(one)} | {""}
    if body.n_exemplars or any(entry.instruction not in known for entry in _entries(body)):
        return (
            f"The pair {pair.name!r} was trained on {len(known) - 1} instructions of its own and on no exemplars; "
            "other text is noise to it, and what changes here says little about other pairs."
        )
    return ""


def _notices(trial: Trial, run: Run, n_of_exemplars: int) -> str:
    """All that a person should know before believing the numbers."""
    closed = _notice(pair_of(run.configuration["pair"]), _body(trial))
    return " ".join(filter(None, (closed, _read_otherwise(trial, run), _flattery(n_of_exemplars))))


def _read_otherwise(trial: Trial, run: Run) -> str:
    """That more than the text differs from the run."""
    own, asked = Conditioning(**run.configuration.get("conditioning", {})), trial.configuration["conditioning"]
    if asked == own.to_json():
        return ""
    return (
        f"Not only the text differs: here criteria are read by {asked['read_by']} and exemplars placed as "
        f"{asked['exemplars']}, in the run by {own.read_by} and as {own.exemplars}."
    )


def _flattery(n_of_exemplars: int) -> str:
    """That judged items are those that exemplars were made from."""
    if not n_of_exemplars:
        return ""
    which = "1 judged item" if n_of_exemplars == 1 else f"{n_of_exemplars} judged items"
    return (
        f"Exemplars were made from {which} (or share the prompt), which flatters; the held-out effect leaves such out."
    )


def _entries(body: CriteriaBody) -> list[DomainCriteria]:
    return [body.default, *(entry for _, entry in body.domains)]
