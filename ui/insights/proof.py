"""What the decisions prove, in brief: accuracy with its bound, confidence, anchoring, agreement. Audit has the whole.

Every figure leads to its items. Leaves out samples, thresholds and certificates (Audit) and each person (People).
"""

from __future__ import annotations

import streamlit as st

from services.datasets import DatasetRow
from services.reviews.filters import Filters
from services.run_rows import RunRow
from ui import frame, resources
from ui.audit import read
from ui.audit.pick import samples_of
from ui.audit.words import bound_basis, bound_share, bound_value, claim
from ui.charts.audit import reliability_diagram
from ui.charts.figures import share_dots
from ui.charts.people import anchoring_dots
from ui.insights import targets
from ui.insights.click import clickable
from ui.panels import fact
from ui.people.read import agreement_of, anchoring_of, version_of
from ui.people.words import anchoring_words, coefficient_basis, coefficient_value
from ui.wording import share_basis, share_value

LEVEL = 0.95
NO_DOMAIN = "no domain"


def show_proof(dataset: DatasetRow, run: RunRow) -> None:
    """The claim, then the figures it rests on."""
    st.subheader("What the decisions prove", anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        _accuracy(dataset, run)
    with right:
        _confidence(dataset, run)
    left, right = st.columns(2, gap="large")
    with left:
        _anchoring(dataset, run)
    with right:
        _agreement(dataset, run)


def _accuracy(dataset: DatasetRow, run: RunRow) -> None:
    st.markdown("**Labels that people agree with**")
    samples = samples_of(run)
    if not samples:
        st.caption("Only a random sample says how good the labels are that nobody looked at.")
        frame.page_link(frame.AUDIT, "Draw a sample", dataset=dataset.name, run=run.run_id)
        return
    found = read.accuracy(samples[0].plan_id, level=LEVEL)
    st.caption(claim(found))
    fact("People agree", bound_value(found.bound), bound_basis(found.bound, of="random look"))
    if found.by_domain:
        rows = [("all items", found.bound), *((name or NO_DOMAIN, bound) for name, bound in found.by_domain)]
        shares = [(name, bound_share(bound)) for name, bound in rows]
        clickable(
            share_dots(shares, unit="people agree"), key="insights_accuracy", alt="Agreement by domain, with bounds",
            find=targets.domains(shares, missing=NO_DOMAIN), dataset=dataset.name, run=run.run_id,
        )  # fmt: skip
    frame.page_link(frame.AUDIT, "How this is counted", dataset=dataset.name, run=run.run_id, step=2)


def _confidence(dataset: DatasetRow, run: RunRow) -> None:
    from services.audit.calibrate import MIN_DECISIONS, calibration_of

    st.markdown("**Confidence said, against what happened**")
    found = calibration_of(resources.sessions(), run.run_id)
    if found is None:
        st.caption(f"Confidence needs {MIN_DECISIONS} decided items, with agreement and disagreement among them.")
        return
    bins = found.overall.bins
    clickable(
        reliability_diagram(bins), key="insights_reliability", alt="Reliability diagram",
        find=targets.reliability(bins), dataset=dataset.name, run=run.run_id,
    )  # fmt: skip


def _anchoring(dataset: DatasetRow, run: RunRow) -> None:
    st.markdown("**Led by the suggestion**")
    report = anchoring_of(version_of(dataset.dataset_id))
    st.caption(frame.plain(anchoring_words(report.overall)))
    if report.by_person:
        clickable(
            anchoring_dots(report), key="insights_anchoring", alt="Agreement shown and hidden, by person",
            find=targets.people(report), dataset=dataset.name, run=run.run_id,
        )  # fmt: skip


def _agreement(dataset: DatasetRow, run: RunRow) -> None:
    st.markdown("**People among each other**")
    found = agreement_of(version_of(dataset.dataset_id), False)
    if not found.n_items:
        st.caption("No item has answers of two people yet.")
        return
    with st.container(horizontal=True, gap="large"):
        fact("Same answer", share_value(found.same), share_basis(found.same, of="pairs of answers"))
        fact("Krippendorff's alpha", coefficient_value(found.nominal), coefficient_basis(found.nominal))
    split = targets.filtered("", Filters(states=("split", "flagged")))
    frame.page_link(
        frame.REVIEW, "The items on which people differ", dataset=dataset.name, run=run.run_id, **split.query
    )
    frame.page_link(frame.PEOPLE, "Every two people", dataset=dataset.name)
