"""What the script of the HTML board draws: curves, decisions, and records for files."""

import json
import re
from collections.abc import Sequence
from typing import Any

from fpbench.results.decisions import DetCurve, FalseAccepts
from fpbench.results.names import metric_label
from fpbench.tables import show_text
from fpbench_leaderboard.board import Ranking, Rate, Row, Section


def page_data(rankings: Sequence[tuple[str, Section, Ranking]]) -> str:
    """The data as JSON that can stand in a script element.

    Args:
        rankings: In the order of the page, each with its id for addresses.
    """
    document = {"rankings": [_ranking(*each) for each in rankings]}
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
            for decisions in row.result.false_accepts
            if (decisions.index, decisions.distractors, decisions.tolerance_s)
            == (ranking.search.index, ranking.search.distractors, ranking.tolerance_s)
            if (curve := _decisions(decisions))
        ],
        "record": _record(section, ranking, row),
    }


def _point(rate: Rate) -> dict[str, Any]:
    return {
        "n": rate.n_distractors,
        "value": rate.value,
        "low": rate.low,
        "high": rate.high,
        "searched": rate.found == "searched",
        "rank": rate.rank,
    }


def _decisions(decisions: FalseAccepts) -> dict[str, Any] | None:
    """False rejects by ascending false accepts; None if they are known at one share only."""
    det = decisions.det or _from_shares(decisions)
    if len(det.false_accepts) < 2:
        return None
    return {
        "n": decisions.n_distractors,
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


def _record(section: Section, ranking: Ranking, row: Row) -> dict[str, Any]:
    """A row as a flat record: what the table shows, with rates from 0 to 1."""
    record: dict[str, Any] = {
        "task": section.task,
        "dataset": show_text(section.data),
        "metric": ranking.metric,
        "tolerance_s": ranking.tolerance_s,
        "index": ranking.search.index,
        "distractors": ranking.search.distractors,
        "generator": ranking.search.generator,
        "ranked_at": ranking.n_distractors,
        "rank": row.rank,
        "system": show_text(row.system),
        "configuration": show_text(row.configuration),
        "tier": row.tier,
        "licence": row.licence and show_text(row.licence),
        "times_real_time": row.times_real_time,
        "bytes_per_hour": row.bytes_per_hour,
        "loss": row.loss,
        "half_size": row.half and row.half.size,
    }
    for n in ranking.sizes:
        rate = row.at(n)
        ends = (rate.value, rate.low, rate.high) if rate else (None, None, None)
        record |= zip((f"value_{n}", f"low_{n}", f"high_{n}"), ends, strict=True)
    return record
