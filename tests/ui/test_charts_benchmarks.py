"""The benchmark figure: a dot for each run and baseline, chance as a stroke, nothing where there is nothing."""

from __future__ import annotations

from services.statistics.intervals import Share, share
from ui.benchmarks.table import Column, Line
from ui.charts.benchmarks import LINES_SHOWN, score_dots

NOTHING = Share(0, None, None, None)


def shown(*titles: str) -> list[Column]:
    return [Column(title, None) for title in titles]  # type: ignore[arg-type]


def test_one_run_has_both_models_alone_beside_it_and_chance_as_a_stroke() -> None:
    columns = shown("run 1, reward, sum", "strong alone", "weak alone", "the longest", "chance")
    line = Line("score", "Score", (share(7, 10), share(6, 10), share(5, 10), share(1, 10), share(5, 10)))
    figure = score_dots(columns, [line, Line("subset", "<b>x</b>", line.shares, True)])
    assert [trace.name for trace in figure.data] == ["run 1, reward, sum", "strong alone", "weak alone", "chance"]
    assert list(figure.data[0].x) == [70.0, 70.0]
    assert figure.data[0].error_x.array[0] == 100 * (line.shares[0].high or 0) - 70
    assert figure.data[-1].marker.symbol == "line-ns-open"
    assert list(figure.layout.yaxis.ticktext) == ["<b>Score</b>", "&lt;b&gt;x&lt;/b&gt;"]
    assert "%" in figure.layout.xaxis.title.text


def test_several_runs_stand_one_above_the_other_on_each_line() -> None:
    columns = shown("run 1, reward, sum", "run 2, reward, mean", "the longest", "chance")
    figure = score_dots(columns, [Line("score", "Score", (share(7, 10), NOTHING, share(1, 10), share(5, 10)))])
    assert [trace.name for trace in figure.data] == ["run 1, reward, sum", "run 2, reward, mean", "chance"]
    assert len(figure.data[1].x) == 0, "the second run has no score"
    assert figure.data[0].y[0] != 0
    assert "7" in figure.data[0].customdata[0]


def test_lines_without_a_value_and_too_many_lines_are_left_out() -> None:
    columns = shown("run 1, reward, sum")
    lines = [Line("subset", f"s{n}", (share(n % 10, 10),)) for n in range(60)] + [Line("score", "Score", (NOTHING,))]
    assert len(score_dots(columns, lines).layout.yaxis.ticktext) == LINES_SHOWN


def test_nothing_to_show_is_said() -> None:
    assert score_dots([], []).layout.annotations[0].text == "No score yet."
    assert (
        score_dots(shown("run 1"), [Line("score", "Score", (NOTHING,))]).layout.annotations[0].text == "No score yet."
    )
