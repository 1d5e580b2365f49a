"""Documents of earlier formats become the same documents of today's format for ever."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.results.files import dump_result, parse_result, read_result, result_document
from fpbench.results.migrations import from_version_1, migrate

GOLDEN = Path(__file__).parents[1] / "golden"
SUBMISSIONS = sorted((Path(__file__).parents[2] / "submissions").glob("*/*.json"))
OLD: dict[str, Any] = json.loads((GOLDEN / "result_v1.json").read_text())


def test_version_1_becomes_the_golden_bytes() -> None:
    golden = GOLDEN / "result_v1.migrated.json"
    assert dump_result(read_result(GOLDEN / "result_v1.json")) == golden.read_text()


def test_a_step_leaves_its_argument_as_it_was() -> None:
    before = json.dumps(OLD)
    from_version_1(OLD)
    assert json.dumps(OLD) == before


def test_todays_format_stays_as_it_is() -> None:
    document = json.loads((GOLDEN / "result_1_0.json").read_text())
    assert migrate(document) == document


@pytest.mark.parametrize("path", SUBMISSIONS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_what_was_submitted_before_keeps_its_numbers(path: Path) -> None:
    old = json.loads(path.read_text())
    result = read_result(path)
    again = parse_result(result_document(result), "again")
    assert dump_result(again) == dump_result(result)
    points = [[point.value for point in curve.points] for curve in result.curves]
    assert points == [[point["value"] for point in curve["points"]] for curve in old["curves"]]
    assert result.extra is None, "everything has its place in today's format"


def test_parameters_that_curves_repeated_are_there_once_for_each_search() -> None:
    (curve,) = OLD["curves"]
    other = {**curve, "metric": "hr@3"}
    (index,) = from_version_1({**OLD, "curves": [curve, other]})["indexes"]
    assert index["effective"] == {"metric": "inner product"}
    differs = {**other, "index_parameters": {"nprobe": 4}}
    indexes = from_version_1({**OLD, "curves": [curve, differs]})["indexes"]
    assert [index["effective"] for index in indexes] == [
        {"metric": "inner product"},
        {"nprobe": 4},
    ]


def test_a_task_gets_its_version_and_what_it_expects() -> None:
    document = {
        **OLD,
        "task": {"name": "demo-v1", "content": "abc"},
        "queries": {**OLD["queries"], "content": "def"},
    }
    task = parse_result(document, "r.json").task
    assert task is not None
    assert (task.version, task.content) == (1, "abc")
    assert (task.data, task.queries) == (OLD["data"]["content"], "def")


def test_settings_that_nobody_knows_any_more_are_kept_in_extra() -> None:
    document = {**OLD, "config": {"seed": 3, "sieve": "bfloat16", "recipe": {"noise": 1}}}
    result = parse_result(document, "r.json")
    assert result.config == {"seed": 3, "recipe": {}}
    assert result.extra == {
        "version_1": {
            "config.recipe.noise": 1,
            "config.sieve": "bfloat16",
            "queries.recipe.queries": 100,
        }
    }


@pytest.mark.parametrize("value", [None, 1, "x", [], [1], {}, [[]]])
@pytest.mark.parametrize("name", [*OLD, "task"])
def test_a_damaged_document_is_refused_and_not_more(name: str, value: object) -> None:
    if name == "schema_version":
        return
    with suppress(FpbenchError):
        parse_result({**OLD, name: value}, "r.json")
