"""What the Review screen shows: deep links, empty states, runs at work, hostile texts, token view and badges."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from desk_data import Desk, Draft, write_desk
from desk_people import PAIR, Reviewer

from db.session import Sessions
from db.tables import Decision, Run, utc_now
from services import runs
from services.run_rows import RunRow

Decisions = Callable[[], list[Decision]]
HOSTILE = "<script>alert(1)</script></div>**bold** :material/home: :red[x] $\\frac{1}{2}$ <img src=x onerror=alert(1)>"


def test_a_deep_link_shows_its_item(desk: Desk) -> None:
    visitor = Reviewer()
    visitor.open(dataset=desk.dataset_id, item=desk.item_ids[1], run=desk.run_id)
    assert "How long does gyokuro brew?" in visitor.html()
    assert "2 of 4" in visitor.html()


@pytest.mark.parametrize("item", ["999999", "none", "-1", "9" * 40, "1; drop table item"])
def test_an_unknown_item_is_one_line_with_a_way_out(desk: Desk, item: str) -> None:
    visitor = Reviewer()
    visitor.open(dataset="tea shop", item=item)
    assert "has no item" in visitor.html()
    visitor.press("way_out")
    assert visitor.item_id == desk.item_ids[0]


def test_an_unknown_dataset_is_one_line_with_a_way_out(desk: Desk) -> None:
    visitor = Reviewer()
    visitor.open(dataset="<b>nope</b>")
    assert "There is no dataset" in visitor.html()
    assert "<b>nope" not in visitor.html()
    visitor.press("way_out")
    assert visitor.item_id == desk.item_ids[0]


def test_an_unknown_run_is_one_line_with_a_way_out(desk: Desk) -> None:
    visitor = Reviewer()
    visitor.open(dataset="tea shop", run="77")
    assert "has no run" in visitor.html()
    visitor.press("way_out")
    assert visitor.item_id == desk.item_ids[0]


def test_without_a_dataset_the_way_to_import_shows(empty_desk: Sessions) -> None:
    visitor = Reviewer()
    visitor.open()
    assert "Nothing to review yet" in visitor.words()


def test_a_dataset_that_is_not_weighed_offers_a_run_or_a_look(empty_desk: Sessions) -> None:
    desk = write_desk(empty_desk, [Draft("Hello?", ("Yes.", "No."))], is_weighed=False)
    visitor = Reviewer()
    visitor.open()
    assert "not weighed yet" in visitor.words()
    visitor.press("unweighed")
    assert visitor.item_id == desk.item_ids[0]
    assert "suggested" not in visitor.html()


def test_a_run_that_stopped_says_where_and_why(empty_desk: Sessions) -> None:
    desk = write_desk(empty_desk, [Draft("Hello?", ("Yes.", "No."))], status="failed")
    change_run(desk, n_done=0, error="no folder 'models/strong'; check the pair")
    visitor = Reviewer()
    visitor.open()
    assert "stopped at 0 of 1 items. no folder &#x27;models/strong&#x27;; check the pair." in visitor.html()
    assert "What is weighed" not in visitor.html(), "nothing is"


def test_who_waits_for_a_first_run_sees_its_first_item_before_the_run_ends(
    empty_desk: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the page's read and the look at the run the first item is weighed: the page is drawn again with it."""
    desk = write_desk(empty_desk, [PAIR, PAIR], status="running")
    change_run(desk, n_done=0, heartbeat_at=utc_now(), worker="here:1:1")
    get_run = runs.get_run

    def weighs_first(sessions: Sessions, run_id: int) -> RunRow:
        change_run(desk, n_done=1)
        return get_run(sessions, run_id)

    monkeypatch.setattr(runs, "get_run", weighs_first)
    visitor = Reviewer()
    visitor.open()
    assert visitor.item_id == desk.item_ids[0]
    assert "suggested" in visitor.html()


def test_a_run_at_work_shows_its_progress_and_what_is_weighed_can_be_reviewed(empty_desk: Sessions) -> None:
    desk = write_desk(empty_desk, [PAIR, PAIR], status="running")
    change_run(desk, n_done=1, heartbeat_at=utc_now(), worker="here:1:1")
    visitor = Reviewer()
    visitor.open()
    (bar,) = visitor.at.get("progress")
    assert bar.proto.text.startswith("Weighing: 1 of 2 items")
    visitor.accept()
    assert visitor.item_id == desk.item_ids[1]


def change_run(desk: Desk, **values: object) -> None:
    with desk.sessions.begin() as session:
        run = session.get_one(Run, desk.run_id)
        for name, value in values.items():
            setattr(run, name, value)


def test_hostile_texts_and_names_are_shown_and_never_interpreted(empty_desk: Sessions) -> None:
    draft = Draft(
        HOSTILE, (HOSTILE + "\n\ttab", HOSTILE * 2), domain=HOSTILE[:90], subset=HOSTILE, sources=(HOSTILE, None)
    )
    write_desk(empty_desk, [draft], name=HOSTILE, guidelines=HOSTILE)
    visitor = Reviewer()
    visitor.open(as_=":red[x] **me** <script>")
    visitor.settled(visitor.at.toggle(key="review_source").set_value(True).run())
    visitor.press("tokens")
    html = visitor.html()
    assert "<script" not in html
    assert "<img" not in html
    assert "</div>**" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert ":material/home:" in html, "shown as it is written"
    for label in [button.label for button in visitor.at.button] + [block.value for block in visitor.at.markdown]:
        assert ":material/home:" not in label
        assert "alert" not in label


def test_the_token_view_colours_pieces_that_add_up_to_the_reward(desk: Desk, reviewer: Reviewer) -> None:
    assert "t-legend" not in reviewer.html()
    reviewer.press("tokens")
    html = reviewer.html()
    assert "t-legend" in html
    assert html.count('class="t-end') == 4, "one end-of-turn mark a response"
    assert "nats" in html
    reviewer.accept()
    assert "t-legend" in reviewer.html(), "stays on for the next item"
    reviewer.press("tokens_on")
    assert "t-legend" not in reviewer.html()


def test_source_models_and_gold_are_hidden_until_asked_for(desk: Desk, reviewer: Reviewer) -> None:
    assert "model-x" not in reviewer.html()
    assert "gold" not in reviewer.html()
    reviewer.settled(reviewer.at.toggle(key="review_source").set_value(True).run())
    reviewer.settled(reviewer.at.toggle(key="review_gold").set_value(True).run())
    assert "from model-x" in reviewer.html()
    assert "gold rank 1" in reviewer.html()


def test_badges_say_when_length_flips_it_and_when_the_pair_is_out_of_its_world(empty_desk: Sessions) -> None:
    write_desk(empty_desk, [Draft("A?", ("b", "c d"), is_length_flip=True, is_out_of_world=True)])
    visitor = Reviewer()
    visitor.open()
    html = visitor.html()
    assert "length flips it" in html
    assert "out of the pair&#x27;s world" in html
    assert html.count(">out of world<") == 2, "beside each reward"


def test_a_run_ranked_by_mean_gives_its_margin_per_token(empty_desk: Sessions) -> None:
    write_desk(empty_desk, [Draft("A?", ("b c", "d e"))], rank_by="mean")
    visitor = Reviewer()
    visitor.open()
    assert "nats per token" in visitor.html()
