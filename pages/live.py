"""Live: weigh a prompt at once, with pasted or sampled responses, and see the ranking move with the criteria."""

from __future__ import annotations

import streamlit as st

from services.criteria.store import CriteriaRow
from services.errors import ServiceError
from services.live import now as live
from services.pairs.catalogue import PairRow
from services.reviews.rows import Message
from ui import frame, resources
from ui.live import send as live_send
from ui.live import state
from ui.live.prompt import show_boxes, show_examples, show_prompt
from ui.live.result import show_places, show_result
from ui.live.sampling import Sampling, show_sampling
from ui.pairs.pickers import criteria_label, load_pairs, new_criteria, pick_criteria, pick_pair
from ui.panels import apply_look, note, pressed, problem
from ui.runs.words import RANK_WORDS
from ui.wording import count, escaped

frame.open_page("pages/live.py")

PROBLEMS: tuple[type[Exception], ...] = (ServiceError, *resources.MODEL_ERRORS)
DOMAINS = ("chat", "reasoning", "safety")


def main() -> None:
    apply_look()
    state.restore()
    pairs = load_pairs()
    if not pairs:
        return
    left, right = st.columns([3, 2], gap="large")
    with right:
        pair = pick_pair("live", pairs)
        criteria = pick_criteria("live", pair)
        domain = _pick_domain(criteria)
        st.radio("Rank by", list(RANK_WORDS), key="live_rank", format_func=RANK_WORDS.get, horizontal=True)
        new_criteria("live")
        beside = st.container()  # what is going on and how places moved, within sight of the criteria
    with left:
        if pair.name == "demo":
            show_examples()
        messages = show_prompt()
        show_boxes()
        sampling = show_sampling(pair, is_ready=bool(messages) and criteria is not None)
        is_asked = pressed(
            "Weigh", key="live_weigh", is_primary=True, icon=":material/balance:",
            is_disabled=not messages or not state.responses() or criteria is None,
        )  # fmt: skip
    with beside:
        if criteria is not None and messages:
            _act(pair, criteria, messages, domain, sampling=sampling, is_asked=is_asked)
        said = st.session_state.pop("live_problem", None)
        if said:
            problem(said)
        shown: state.Shown | None = st.session_state.get(state.SHOWN)
        if shown is not None:
            show_places(shown)
    is_current = (
        criteria is not None and shown is not None and (_request(pair, criteria, messages, domain) == shown.request)
    )
    _show(shown, is_current)
    state.keep()


def _pick_domain(criteria: CriteriaRow | None) -> str | None:
    """The domain whose instruction counts; None takes the criteria's default."""
    own = [] if criteria is None else [name for name, _ in criteria.body.domains]
    options = ["", *sorted({*DOMAINS, *own})]
    if st.session_state.get(state.DOMAIN) not in options:
        st.session_state[state.DOMAIN] = ""
    chosen = st.selectbox("Domain", options, key=state.DOMAIN, format_func=lambda name: name or "none, the default")
    return chosen or None


def _request(
    pair: PairRow, criteria: CriteriaRow, messages: tuple[Message, ...], domain: str | None
) -> state.LiveRequest:
    return state.LiveRequest(
        pair=pair.name, criteria_id=criteria.criteria_id, criteria=criteria_label(criteria), domain=domain,
        rank_by="mean" if st.session_state["live_rank"] == "mean" else "sum", messages=messages,
        responses=state.responses(),
    )  # fmt: skip


def _act(
    pair: PairRow,
    criteria: CriteriaRow,
    messages: tuple[Message, ...],
    domain: str | None,
    *,
    sampling: Sampling | None,
    is_asked: bool,
) -> None:
    """Sample, or weigh: when asked, and by itself when only criteria, domain or what ranks changed."""
    if sampling is not None:
        _sample(pair, criteria, messages, domain, sampling)
        is_asked = bool(state.responses())
    request = _request(pair, criteria, messages, domain)
    shown: state.Shown | None = st.session_state.get(state.SHOWN)
    has_moved = shown is not None and request != shown.request
    is_same_text = shown is not None and not request.differs_in_texts(shown.request) and shown.request.pair == pair.name
    if is_asked or (has_moved and is_same_text):
        _weigh(pair, criteria, request)
    if sampling is not None:
        st.rerun()  # the boxes above are drawn already; draw them with what was sampled


def _sample(
    pair: PairRow, criteria: CriteriaRow, messages: tuple[Message, ...], domain: str | None, sampling: Sampling
) -> None:
    models = " and ".join({"strong": [pair.strong], "weak": [pair.weak]}.get(sampling.source, [pair.strong, pair.weak]))
    try:
        with st.spinner(escaped(f"Writing {count(sampling.n, 'response')} with {models}; loading comes first …")):
            found = live.sample_candidates(
                resources.model_room(), pair=pair.name, criteria=criteria.body, messages=messages, n=sampling.n,
                temperature=sampling.temperature, max_new_tokens=sampling.max_new_tokens, seed=sampling.seed,
                source=sampling.source, domain=domain,
            )  # fmt: skip
    except PROBLEMS as error:
        st.session_state["live_problem"] = str(error)
        return
    state.drop_empty_boxes()
    state.add_boxes(found)


def _weigh(pair: PairRow, criteria: CriteriaRow, request: state.LiveRequest) -> None:
    what = f"Weighing {count(len(request.responses), 'response')} with {pair.strong} and {pair.weak} …"
    try:
        with st.spinner(escaped(what)):
            result = live.weigh_now(
                resources.sessions(), resources.model_room(), pair=pair.name, criteria=criteria.body,
                messages=request.messages, responses=request.responses, domain=request.domain, rank_by=request.rank_by,
            )  # fmt: skip
    except PROBLEMS as error:
        st.session_state["live_problem"] = str(error)
        return
    state.show(request, result)


def _show(shown: state.Shown | None, is_current: bool) -> None:
    if shown is None:
        st.caption("Type a prompt, paste or sample responses, and weigh them: the ranking shows here.")
        return
    st.subheader("Ranking", anchor=False)
    if not is_current:
        note("The prompt, the responses or the pair changed since this ranking. Weigh again to renew it.")
    show_result(shown)
    live_send.show_send(shown)


main()
