"""What the script of the HTML board draws and saves: curves, decisions, and flat records."""

import json
import re
from collections.abc import Sequence
from typing import Any

from fpbench.folder_names import change_texts
from fpbench.results.decisions import DetCurve, FalseAccepts
from fpbench.results.names import metric_label
from fpbench.tables import show_text
from fpbench_leaderboard.board import Ranking, Rate, Row, Section
from fpbench_leaderboard.flat import COLUMNS, row_records
from fpbench_leaderboard.markdown import NOT_SEARCHED
from fpbench_leaderboard.rows import false_accepts_of


def page_data(rankings: Sequence[tuple[str, Section, Ranking]]) -> str:
    """The data as JSON that can stand in a script element.

    Args:
        rankings: In the order of the page, each with its id for addresses.
    """
    # Records are lists of values, because the names of 27 columns would be half of the page.
    document = {"columns": COLUMNS, "rankings": [_ranking(*each) for each in rankings]}
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")  # neither </script> nor <!-- ends or changes the element


def _ranking(name: str, section: Section, ranking: Ranking) -> dict[str, Any]:
    return {
        "id": name,
        "file": re.sub(r"[^A-Za-z0-9@.-]+", "-", f"{section.task or 'free'}-{ranking.metric}"),
        "metric": metric_label(ranking.metric, ranking.tolerance_s),
        "size": ranking.n_distractors,
        "systems": [_system(section, ranking, row) for row in ranking.rows],
    }


def _system(section: Section, ranking: Ranking, row: Row) -> dict[str, Any]:
    return {
        "name": show_text(row.system),
        "curve": [_point(rate) for rate in row.rates],
        "decisions": [
            curve
            for decisions in false_accepts_of(row.result, ranking.search, ranking.tolerance_s)
            if (curve := _decisions(decisions))
        ],
        "records": [
            [change_texts(value, show_text) for value in each.values()]
            for each in row_records(section, ranking, row)
        ],
    }


def _point(rate: Rate) -> dict[str, Any]:
    return {
        "n": rate.n_distractors,
        "value": rate.value,
        "low": rate.low,
        "high": rate.high,
        "mark": NOT_SEARCHED[rate.found],
        "rank": rate.rank,
    }


def _decisions(decisions: FalseAccepts) -> dict[str, Any] | None:
    """False rejects by ascending false accepts; None if they are known at one share only."""
    det = decisions.det or _from_shares(decisions)
    if len(det.false_accepts) < 2:
        return None
    return {
        "n": decisions.n_distractors,
        "searched": decisions.found == "searched",
        "accepts": list(det.false_accepts),
        "rejects": list(det.false_rejects),
        "low": list(det.low),
        "high": list(det.high),
    }


def _from_shares(decisions: FalseAccepts) -> DetCurve:
    """The few points of an older result, which has no curve."""
    shares = sorted(decisions.rejects, key=lambda each: each.false_accepts)
    rates = [each.false_rejects for each in shares]
    known = [(r.low, r.high) for r in rates if r.low is not None and r.high is not None]
    ends = known if len(known) == len(rates) else []
    return DetCurve(
        false_accepts=[each.false_accepts for each in shares],
        false_rejects=[rate.value for rate in rates],
        low=[low for low, _ in ends],
        high=[high for _, high in ends],
    )
