"""One exported row: TRL's two preference forms, and Tare's own lossless one.

Free-form parts of the lossless row (metadata, configurations, suggestions as they stood) are JSON inside a string, in
fields that end in `_json`: their keys differ from row to row, and `datasets` wants the same fields in every row.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from db.tables import Candidate, Criteria, Decision, ModelPairRow, Run, Suggestion
from db.tables_criteria import ItemDomain
from services.exports.items import ExportItem, PairLabel, is_tied
from services.formats.transcripts import write_transcript
from services.labels import UNDECIDED

ROW_VERSION = 2  # of the lossless row; counts up when a field changes its meaning

Row = dict[str, Any]


def conversational_row(found: ExportItem, label: PairLabel) -> Row:
    """TRL's conversational form: prompt, chosen and rejected as messages."""
    return {
        "prompt": found.item.messages,
        "chosen": [{"role": "assistant", "content": label.chosen.text}],
        "rejected": [{"role": "assistant", "content": label.rejected.text}],
        "margin": label.margin,
    }


def standard_row(found: ExportItem, label: PairLabel) -> Row:
    r"""TRL's standard form: prompt, chosen and rejected as texts.

    A single user turn is its bare text. Anything longer is a transcript as HH-RLHF writes it, "\n\nHuman: ...
    \n\nAssistant:", and its replies begin with the space that follows the colon.
    """
    messages = found.item.messages
    is_bare = len(messages) == 1
    before = "" if is_bare else " "
    return {
        "prompt": messages[0]["content"] if is_bare else write_transcript(messages),
        "chosen": before + label.chosen.text,
        "rejected": before + label.rejected.text,
        "margin": label.margin,
    }


def lossless_row(found: ExportItem, *, dataset: str, run_id: int | None, runs: list[Row]) -> Row:
    """All that is known of an item. `run_id` is the run whose rewards these are; `runs` describes every run named."""
    item = found.item
    return {
        "tare": ROW_VERSION,
        "item": {
            "item_id": item.item_id,
            "dataset": dataset,
            "position": item.position,
            "source_line": item.source_line,
            "domain": item.domain,
            "subset": item.subset,
            "meta_json": _json(item.meta),
        },
        "messages": item.messages,
        "candidates": [_candidate(found, candidate) for candidate in found.candidates],
        "label": _label(found),
        "run_id": run_id,
        "run_domain": None if found.run_domain is None else _run_domain(found.run_domain),
        "suggestion": None if found.suggestion is None else _suggestion(found, found.suggestion),
        "not_weighed": None
        if found.not_weighed is None
        else {"reason": found.not_weighed.reason, "detail": found.not_weighed.detail},
        "decisions": [_decision(decision, name) for decision, name in found.decisions],
        "runs": runs,
    }


def run_row(run: Run, pair: ModelPairRow, criteria: Criteria) -> Row:
    """A run with everything that it rested on."""
    return {
        "run_id": run.run_id,
        "status": run.status,
        "pair": pair.name,
        "pair_sha256": pair.sha256,
        "pair_json": _json(pair.spec),
        "criteria": criteria.name,
        "criteria_version": criteria.version,
        "criteria_sha256": criteria.sha256,
        "criteria_json": _json(criteria.body),
        "configuration_json": _json(run.configuration),
        "software_json": _json(run.software),
        "created_at": _time(run.created_at),
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
    }


def _candidate(found: ExportItem, candidate: Candidate) -> Row:
    score = found.score_by_candidate.get(candidate.candidate_id)
    return {
        "candidate_id": candidate.candidate_id,
        "position": candidate.position,
        "text": candidate.text,
        "source_model": candidate.source_model,
        "gold_rank": candidate.gold_rank,
        "gold_score": candidate.gold_score,
        "reward": score and score.reward,
        "reward_per_token": score and score.reward_per_token,
        "strong_logprob": score and score.strong_logprob,
        "weak_logprob": score and score.weak_logprob,
        "strong_tokens": score and score.strong_tokens,
        "weak_tokens": score and score.weak_tokens,
        "rank": score and score.rank,
        "is_split": score and score.is_split,
    }


def _label(found: ExportItem) -> Row:
    """What the item resolves to: what its decisions come to, else the run's suggestion unless its best are tied."""
    label, suggestion = found.label, found.suggestion
    decision, annotator = found.resting() or (None, None)
    is_open = label.state == UNDECIDED and suggestion is not None and not is_tied(suggestion)
    chosen = suggestion.best_candidate_id if is_open and suggestion else label.chosen_candidate_id
    return {
        "source": "suggestion" if is_open else label.source,
        "state": label.state,
        "verdict": decision and decision.verdict,
        "chosen_candidate_id": chosen,
        "annotator": annotator,
        "decision_id": label.decision_id,
        "n_people": label.n_people,
        "n_for": label.n_for,
        "has_disagreement": found.has_disagreement(),
    }


def _run_domain(taken: ItemDomain) -> Row:
    """The domain the run weighed it under, where that is not the item's own."""
    return {"domain": taken.domain, "source": taken.source, "probability": taken.probability}


def _suggestion(found: ExportItem, suggestion: Suggestion) -> Row:
    return {
        "best_candidate_id": suggestion.best_candidate_id,
        "ranking": _ranking(suggestion.ranking),
        "margin": suggestion.margin,
        "is_length_flip": suggestion.is_length_flip,
        "is_out_of_world": suggestion.is_out_of_world,
        "is_within_noise": found.is_within_noise(),
        "taken_from_run_id": suggestion.taken_from,
        "prompt_mean_logprob": suggestion.prompt_mean_logprob,
        "response_mean_logprob": suggestion.response_mean_logprob,
        "notes_json": _json(suggestion.notes),
    }


def _decision(decision: Decision, annotator: str) -> Row:
    return {
        "decision_id": decision.decision_id,
        "run_id": decision.run_id,
        "annotator": annotator,
        "verdict": decision.verdict,
        "chosen_candidate_id": decision.chosen_candidate_id,
        "ranking": _ranking(decision.ranking),
        "strength": decision.strength,
        "reason_tags": decision.reason_tags,
        "note": decision.note,
        "is_blind": decision.is_blind,
        "display_order": decision.display_order,
        "suggested_candidate_id": decision.suggested_candidate_id,
        "suggestion_json": _json(decision.suggestion),
        "elapsed_ms": decision.elapsed_ms,
        "created_at": _time(decision.created_at),
        "supersedes_id": decision.supersedes_id,
        "submission": decision.submission,
        "kind": decision.kind,
        "request": decision.request,
        "look_id": decision.look_id,
        "auto_accept_id": decision.auto_accept_id,
        "is_imported": decision.is_imported,
    }


def _ranking(ranking: list[Any]) -> list[list[int]]:
    """Places of candidate ids, best first; a place always a list, so that every row has the same shape."""
    return [place if isinstance(place, list) else [place] for place in ranking]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.isoformat()}Z"
