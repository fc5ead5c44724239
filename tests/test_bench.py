"""The benchmarks' frame: goals, tables and JSON that tell bad figures as plainly as good ones."""

import json
import subprocess
import sys

import pytest

from tests.bench.frame import Goal, Report, Row, as_json, as_table

AT_LEAST_HALF = Goal("ratio", 0.5, 0.9)
AT_MOST_FOUR = Goal("ours", 4, more_is_better=False)


@pytest.mark.parametrize(
    ("ours", "goal", "met"),
    [
        (49.0, AT_LEAST_HALF, "no"),
        (50.0, AT_LEAST_HALF, "yes"),
        (90.0, AT_LEAST_HALF, "moonshot"),
        (4.0, AT_MOST_FOUR, "yes"),
        (4.1, AT_MOST_FOUR, "no"),
        (1.0, None, ""),
    ],
)
def test_a_row_says_whether_its_goal_was_met(ours: float, goal: Goal | None, met: str) -> None:
    assert Row("rate", "events/s", ours, "peer", 100.0, goal).met == met


def test_a_ratio_without_a_peer_meets_no_goal() -> None:
    assert Row("rate", "events/s", 1e9, goal=AT_LEAST_HALF).met == "no"


def test_a_goal_is_of_the_ratio_or_of_our_figure() -> None:
    with pytest.raises(ValueError, match="'ratio' or 'ours'"):
        Goal("peer", 1)


def test_a_missed_goal_and_a_known_limit_stand_in_the_table() -> None:
    report = Report((Row("rate", "events/s", 10, "C", 100, AT_LEAST_HALF, "one machine"),), ("median of 3",))
    table = as_table("ingest", "how fast", report)
    assert "0.10" in table
    assert "ratio ≥ 0.5 (moonshot 0.9)  no" in table
    assert "limit: rate: one machine" in table
    assert "note: median of 3" in table


def test_a_program_reads_the_same_figures_as_json() -> None:
    report = Report((Row("rate", "events/s", 10, "C", 100, AT_LEAST_HALF),))
    (row,) = json.loads(json.dumps(as_json("ingest", "how fast", report)))["rows"]
    assert (row["ours"], row["peers"], row["ratio"], row["met"]) == (10, 100, 0.1, "no")


def test_the_list_names_each_benchmark_and_what_it_measures() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--list"], capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[0] for line in said.splitlines()} >= {"ingest", "outbox", "fanout"}
