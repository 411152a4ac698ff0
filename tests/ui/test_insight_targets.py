"""From a mark of a figure to its items: each mark leads to the filter of just what it counts."""

from __future__ import annotations

from services.insights import LengthAgainstReward, LengthPoint, MarginPoint, ReasonCounts, VerdictCounts
from services.people.anchoring import AnchoringReport, of_counts
from services.people.answers import Person
from services.statistics.calibration import Bin
from services.statistics.intervals import share
from ui.charts import figures as charts
from ui.charts.audit import reliability_diagram
from ui.charts.people import anchoring_dots
from ui.insights import targets
from ui.insights.click import Click, click_of
from ui.review.filter_query import from_query

POINTS = [MarginPoint(n, 0.5 + n, "accept" if n else "override") for n in range(8)]


def chosen(curve: int, index: int, **more: object) -> dict[str, object]:
    """What Streamlit hands over for one chosen point."""
    return {"selection": {"points": [{"curve_number": curve, "point_index": index, **more}]}}


def test_a_part_of_the_verdicts_leads_to_that_verdict() -> None:
    figure = charts.verdict_bar(VerdictCounts(10, 3, {"accept": 2, "override": 0, "tie": 1, "skip": 0, "flag": 0}))
    click = click_of(figure, chosen(1, 0))
    assert click is not None
    target = targets.verdict(click)
    assert target is not None
    assert target.query == {"verdict": "tie"}
    assert targets.verdict(Click("something else", 0, 0, 0)) is None


def test_a_bar_of_margins_leads_to_its_verdict_and_its_ends() -> None:
    figure = charts.margin_histogram(POINTS)
    width, n_bins, _ = charts.margin_bins([point.margin for point in POINTS])
    curve = next(n for n, trace in enumerate(figure.data) if trace.name == "override")
    click = click_of(figure, chosen(curve, 1, x=figure.data[curve].x[1]))
    assert click is not None
    target = targets.margins(POINTS)(click)
    assert target is not None
    found = from_query(dict(target.query))
    assert found is not None
    assert (found.verdicts, found.margin) == (("override",), (width, 2 * width))
    kept = [p for p in POINTS if p.verdict == "override" and width <= p.margin < 2 * width]
    assert len(kept) == figure.data[curve].y[1]
    assert targets.margins(POINTS)(Click("accept", n_bins, 0, 0)) is None


def test_the_bar_that_gathers_all_larger_margins_has_no_upper_end() -> None:
    points = [MarginPoint(n, 1.0, "accept") for n in range(40)] + [MarginPoint(99, 500.0, "accept")]
    _, n_bins, has_overflow = charts.margin_bins([point.margin for point in points])
    assert has_overflow
    target = targets.margins(points)(Click("accept", n_bins - 1, 0, 0))
    assert target is not None
    assert target.query["margin"].endswith("..")


def test_a_reason_leads_to_its_overrides_in_the_order_of_the_figure() -> None:
    counts = ReasonCounts(5, 1, {"style": 1, "unsafe": 3, "too long": 0})
    find = targets.reasons(counts)
    first, last = find(Click("", 0, 3, 0)), find(Click("", 2, 1, 2))
    assert first is not None
    assert first.query == {"verdict": "override", "reason": "unsafe"}
    assert last is None, "overrides without a reason have no filter"


def test_a_domain_leads_to_its_items_and_all_items_lead_nowhere() -> None:
    shares = [
        ("all items", share(3, 5)),
        ("chat, tea", share(2, 3)),
        ("empty", share(0, 0)),
        ("no domain", share(1, 2)),
    ]
    find = targets.domains(shares, missing="no domain")
    assert find(Click("", 0, 60, 0)) is None
    domain, missing = find(Click("", 1, 66, 1)), find(Click("", 2, 50, 2))
    assert domain is not None
    assert missing is not None
    assert [from_query(dict(one.query)).domains for one in (domain, missing)] == [("chat, tea",), (None,)]  # type: ignore[union-attr]


def test_a_group_of_like_confidence_leads_to_just_its_margins() -> None:
    bins = [Bin(0.7, share(7, 10), 0.1234567891, 0.9999999999), Bin(0.9, share(9, 10), 1.0000001, 7.7777777777)]
    click = click_of(reliability_diagram(bins), chosen(1, 0))
    assert click is not None
    target = targets.reliability(bins)(click)
    assert target is not None
    found = from_query(dict(target.query))
    assert found is not None
    assert found.margin is not None
    low, high = found.margin
    assert low is not None
    assert high is not None
    assert low <= 0.1234567891
    assert 0.9999999999 < high < 1.0001


def test_a_persons_dot_leads_to_what_they_decided() -> None:
    people = [Person(1, "Ada", "annotator"), Person(2, "Ben, the 2nd", "annotator")]
    report = AnchoringReport(
        of_counts((8, 10), (7, 10)), tuple((one, of_counts((4, 5), (3, 5))) for one in people), (0, 0)
    )
    figure = anchoring_dots(report)
    place = next(n for n, y in enumerate(figure.data[1].y) if round(y) == 2)
    click = click_of(figure, chosen(1, place, y=figure.data[1].y[place]))
    assert click is not None
    target = targets.people(report)(click)
    assert target is not None
    assert from_query(dict(target.query)).annotators == ("Ben, the 2nd",)  # type: ignore[union-attr]
    assert targets.people(report)(Click("suggestion shown", 0, 80, -0.14)) is None, "everyone is nobody's filter"


def test_a_dot_of_the_length_cloud_leads_to_its_item() -> None:
    data = LengthAgainstReward(2, (LengthPoint(1, 11, 5, 0.1, False), LengthPoint(2, 12, 6, 0.2, True)))
    figure = charts.length_scatter(data)
    click = click_of(figure, chosen(1, 0))
    assert click is not None
    target = targets.lengths(data)(click)
    assert target is not None
    assert target.query == {"item": "12"}


def test_a_click_on_a_figure_that_has_changed_since_leads_nowhere() -> None:
    figure = charts.verdict_bar(VerdictCounts(10, 1, {"accept": 1}))
    assert click_of(figure, chosen(7, 0)) is None
    assert click_of(figure, {"selection": {"points": []}}) is None
    assert click_of(figure, None) is None
