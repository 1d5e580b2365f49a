"""A fidelity block follows its own rules."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fidelity_blocks import fidelity, hit_rates, statistics

from fpbench import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.generators.fidelity_limits import find_alarms
from fpbench.results.fidelity import Fidelity, HitRates
from fpbench.results.files import dump_result, read_result
from fpbench.verification.validation import validate_result

Document = dict[str, Any]
TABLES = [hit_rates([0.03, 0.02], metric=f"hr@{k}") for k in (1, 3, 10)]
GOOD = fidelity(hit_rates=TABLES, query_clusters=4, real_clusters=18)


def written(path: Path, block: Fidelity) -> Document:
    """The block as a result has it: without fields that have their default."""
    text = dump_result(replace(read_result(path), fidelity=block))
    found: Document = json.loads(text)["fidelity"]
    return found


@pytest.fixture
def judged(write_run: Callable[..., Path], evidence: Evidence, alter: Callable[..., None]) -> Path:
    """A result whose generator was judged at every metric of its curves."""
    path = write_run("s", {("exact", "synthetic"): evidence}, [10, 20], [20])
    alter(path, lambda whole: whole.update(fidelity=written(path, GOOD)))
    return path


def block_with(
    change: Callable[[Document], None],
) -> Callable[[Document], None]:
    return lambda document: change(document["fidelity"])


def other_gap(block: Document) -> None:
    block["hit_rates"][1]["gap"]["gaussian"][1] = 0.0


def other_gap_of_shorter_queries(block: Document) -> None:
    rates = {**block["hit_rates"][0], "gap": {"gaussian": [0.5, 0.02]}}
    block["sequences"] = {
        "lags_s": [0.5],
        "similarity": {"real": [0.8], "gaussian": [0.8]},
        "floor": [0.01],
        "shorter": [{"segments": 1, "length_s": 1.0, "hit_rates": rates}],
    }


def unknown_set(block: Document) -> None:
    for field in ("hit_rate", "gap", "gap_error"):
        columns = block["hit_rates"][0][field]
        columns["other, independent"] = columns["gaussian"]


def sizes_fall(block: Document) -> None:
    block["hit_rates"][0]["sizes"] = [1000, 100]


def rate_rises(block: Document) -> None:
    for rates in block["hit_rates"]:
        rates["hit_rate"]["real"] = [0.5, 0.6]
        rates["gap"]["gaussian"] = [0.0, -0.08]


def rank_misses(block: Document) -> None:
    rates = block["hit_rates"][1]
    rates["hit_rate"] = {"real": [0.4, 0.4], "gaussian": [0.4, 0.4]}
    rates["gap"]["gaussian"] = [0.0, 0.0]


def metric_missing(block: Document) -> None:
    del block["hit_rates"][2]


def metric_twice(block: Document) -> None:
    block["hit_rates"].append(block["hit_rates"][0])


def no_spread(block: Document) -> None:
    del block["spread"]["gaussian"]


def more_tracks(block: Document) -> None:
    block["tracks"] = 21


def more_rows(block: Document) -> None:
    for rates in block["hit_rates"]:
        rates["sizes"] = [100, 1181]


def more_clusters(block: Document) -> None:
    block["real_clusters"] = 19


def by_all(block: Document) -> None:
    block["judged_by"] = "all distractors"


def invented_alarm(block: Document) -> None:
    block["alarms"] = [
        {"generator": "gaussian", "statistic": "frechet", "value": 1, "limit": 1, "words": "far"}
    ]


def hidden_alarm(block: Document) -> None:
    block["statistics"]["gaussian"]["js_marginal"] = 0.64


CONTRADICTIONS = {
    other_gap: "/fidelity/hit_rates/1/gap/gaussian/1 is 0.0: hit_rate gives 0.02",
    other_gap_of_shorter_queries: "/sequences/shorter/0/hit_rates/gap/gaussian/0 is 0.5: hit_rate",
    unknown_set: "/fidelity/hit_rates/0/hit_rate is",
    sizes_fall: "/fidelity/hit_rates/0/sizes is [1000, 100]: sizes ascend",
    rate_rises: "/hit_rate/real is [0.5, 0.6]: more distractors never raise",
    rank_misses: "/hit_rates/0/hit_rate/real is [0.5, 0.5]: every hit is also one of hr@3",
    metric_missing: "/fidelity/hit_rates is null: curves have ('hr@10', 0.25), which is missing",
    metric_twice: "each metric and tolerance is there once",
    no_spread: '/fidelity/spread is ["real"]: statistics are of gaussian, real',
    more_tracks: "/fidelity/tracks is 21: there are 20 tracks to judge by",
    more_rows: "/fidelity/hit_rates is 1181: there are 1180 fingerprints to judge by",
    more_clusters: "/fidelity/real_clusters is 19: there are 18 tracks in them",
    by_all: '/fidelity/judged_by is "all distractors": the generator was fitted in this run',
    invented_alarm: "/fidelity/alarms is [{",
    hidden_alarm: "/fidelity/alarms is []: the table of limits gives [{",
}


def test_a_block_that_follows_its_rules_is_valid(judged: Path) -> None:
    assert validate_result(judged) == []


@pytest.mark.parametrize(
    ("change", "text"), CONTRADICTIONS.items(), ids=[c.__name__ for c in CONTRADICTIONS]
)
def test_a_contradiction_is_found(
    judged: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    change: Callable[[Document], None],
    text: str,
) -> None:
    alter(judged, block_with(change))
    assert text in problems(judged)


def test_other_marginals_are_a_warning(judged: Path, alter: Callable[..., None]) -> None:
    sets = {"real": statistics(), "gaussian": statistics(js_marginal=0.64)}
    block = replace(GOOD, statistics=sets)
    block = replace(block, alarms=find_alarms(block))
    alter(judged, lambda whole: whole.update(fidelity=written(judged, block)))
    (warning,) = validate_result(judged)
    assert "the JS divergence of its marginals is 0.64 bits, of real ones 0.01" in warning


def test_alarms_of_several_sets_may_stand_in_any_order(
    judged: Path, alter: Callable[..., None], problems: Callable[[Path], str]
) -> None:
    def named(rates: HitRates) -> HitRates:
        both = {
            field: {**getattr(rates, field), "turbo": getattr(rates, field)["gaussian"]}
            for field in ("hit_rate", "gap", "gap_error")
        }
        return replace(rates, **both)

    sets = {"turbo": statistics(js_marginal=0.66), "real": statistics()}
    sets["gaussian"] = statistics(js_marginal=0.59)
    block = replace(GOOD, statistics=sets, spread=sets, hit_rates=list(map(named, TABLES)))
    alarms = find_alarms(block)
    assert [alarm.generator for alarm in alarms] == ["gaussian", "turbo"]
    for order in (alarms, alarms[::-1]):
        claimed = replace(block, alarms=order)
        alter(
            judged, lambda whole, claimed=claimed: whole.update(fidelity=written(judged, claimed))
        )
        assert problems(judged) == ""


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sizes", [], "value for each of one or more sizes"),
        ("floor", [0.01], "value for each of one or more sizes"),
        ("gap", {}, "not of the same sets"),
        ("hit_rate", {"gaussian": [0.5, 0.5]}, "not of the same sets"),
    ],
)
def test_ragged_hit_rates_are_refused(
    judged: Path, alter: Callable[..., None], field: str, value: object, message: str
) -> None:
    def change(block: Document) -> None:
        block["hit_rates"][0][field] = value

    alter(judged, block_with(change))
    with pytest.raises(FpbenchError, match=message):
        validate_result(judged)
