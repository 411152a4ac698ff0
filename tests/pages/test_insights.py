"""The Insights screen: nothing without its n and interval, a figure for each question, and what is missing said."""

from __future__ import annotations

from desk_data import Draft
from visitor import GOOD, HOSTILE, WRONG, Visitor, decide, weighed_desk

from db.session import Sessions
from ui import frame


def test_an_empty_desk_says_what_to_do_next(empty_desk: Sessions) -> None:
    visitor = Visitor(frame.INSIGHTS)
    assert "Nothing to look at yet" in visitor.words
    assert visitor.charts == 0
    assert visitor.has_no_trouble()


def test_a_dataset_that_is_not_weighed_leads_to_a_run(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk, is_weighed=False)
    visitor = Visitor(frame.INSIGHTS)
    assert "Not weighed yet" in visitor.words
    assert "Weigh it" in [link.label for link in visitor.at.page_link]
    assert "no decisions yet" in visitor.html
    assert visitor.has_no_trouble()


def test_rates_come_with_their_n_and_interval(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, [GOOD] * 8 + [WRONG] * 2)
    for place in range(6):
        decide(desk, place, chosen=1)
    decide(desk, 6, chosen=0, tags=["wrong fact"])
    decide(desk, 7, verdict="skip")
    visitor = Visitor(frame.INSIGHTS)
    assert '8</div><div class="t-muted">of 10 items' in visitor.html
    assert "86 %" in visitor.html
    assert "n = 7 decisions, 95 % interval 49 to 97 %" in visitor.html, "Wilson, 6 of 7; the skip does not count"
    assert "80 %" in visitor.html
    assert "n = 10 items, 95 % interval 49 to 94 %" in visitor.html, "Wilson, 8 of 10"
    assert visitor.charts == 6, "progress, margins, reasons, domains, baselines, length"
    assert visitor.has_no_trouble()
    assert visitor.put("insights_subset_panel", True).charts == 7


def test_without_decisions_the_screen_leads_to_the_first_one_and_still_shows_the_run(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.INSIGHTS)
    assert "Decide on the first item" in [link.label for link in visitor.at.page_link]
    assert visitor.charts == 3
    assert "1 item without gold" in visitor.words or "1 item not weighed" in visitor.words


def test_without_gold_there_is_no_accuracy(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk, [Draft("Which tea?", ("Green.", "Black."))])
    visitor = Visitor(frame.INSIGHTS)
    assert "no gold ranking" in visitor.words
    assert "Best candidate right" not in visitor.html


def test_text_outside_the_world_of_the_pair_is_pointed_out(empty_desk: Sessions) -> None:
    draft = Draft("Which stars?", ("All.", "None."), gold=(1, 2), is_out_of_world=True)
    weighed_desk(empty_desk, [GOOD, draft])
    assert "1 of 2 items are out of the pair&#x27;s world" in Visitor(frame.INSIGHTS).words


def test_an_unknown_run_is_said(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.INSIGHTS, dataset="tea shop", run=999)
    assert "No such run" in visitor.words
    assert visitor.has_no_trouble()


def test_an_unknown_dataset_is_said(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.INSIGHTS, dataset="nowhere")
    assert "No such dataset" in visitor.words
    assert visitor.has_no_trouble()


def test_hostile_domains_and_names_are_shown_as_text(empty_desk: Sessions) -> None:
    draft = Draft("Which tea?", ("Green.", "Black."), gold=(1, 2), domain=HOSTILE[:99], subset=HOSTILE)
    weighed_desk(empty_desk, [draft], name=HOSTILE[:99].strip())
    visitor = Visitor(frame.INSIGHTS).put("insights_subset_panel", True)
    assert visitor.shows_only_as_text(HOSTILE)
    specs = [chart.proto.spec for chart in visitor.at.get("plotly_chart")]
    assert not any("<img" in spec or "\\u003cimg" in spec for spec in specs)
    assert visitor.has_no_trouble()
