"""The published schema, the dataclasses and the reader agree on what a result is."""

import copy
import dataclasses
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fpbench import FpbenchError
from fpbench.results.files import dump_result, read_result, schema

GOLDEN = Path(__file__).parents[1] / "golden" / "result_1_0.json"
PUBLISHED = json.loads(files("fpbench").joinpath("schemas/result-1.0.json").read_text())
OTHER_VALUES = [None, True, -1, 0, 2, 0.5, "", "../x", [], {}]


def test_the_published_schema_is_that_of_the_dataclasses() -> None:
    assert schema() == PUBLISHED, "run tests/results/record_schema.py"


def test_a_result_is_read_and_written_unchanged() -> None:
    jsonschema.Draft202012Validator(PUBLISHED).validate(json.loads(GOLDEN.read_text()))
    assert dump_result(read_result(GOLDEN)) == GOLDEN.read_text()


def test_only_extra_is_free() -> None:
    """Every other table has known fields, or values of one type."""
    free = [
        f"{name}.{field}"
        for name, part in PUBLISHED["$defs"].items()
        for field, kind in part["properties"].items()
        if is_free(kind)
    ]
    assert free == ["Result.extra"]
    assert all(part["additionalProperties"] is False for part in PUBLISHED["$defs"].values())


def is_free(kind: dict[str, Any]) -> bool:
    """Whether a type has a table in it that may hold anything."""
    inner = [*kind.get("anyOf", []), *([kind["items"]] if "items" in kind else [])]
    table = kind.get("type") == "object"
    return (table and "additionalProperties" not in kind) or any(map(is_free, inner))


def test_extra_has_a_limit(tmp_path: Path) -> None:
    document = json.loads(GOLDEN.read_text())
    document["extra"] = {"text": "x" * 10_000}
    path = tmp_path / "large.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FpbenchError, match="field 'extra' has 10011 bytes, more than 10000"):
        read_result(path)


@pytest.mark.slow
def test_the_reader_refuses_what_the_schema_refuses_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "changed.json"
    validator = jsonschema.Draft202012Validator(PUBLISHED)
    accepted = []
    for where, changed in changes(json.loads(GOLDEN.read_text())):
        path.write_text(json.dumps(changed))
        accepted.append(validator.is_valid(changed))
        assert is_read(path) == accepted[-1], where
    assert 100 < sum(accepted) < len(accepted) / 2


def is_read(path: Path) -> bool:
    try:
        read_result(path, edited=True)
    except FpbenchError:
        return False
    return True


def changes(document: Any) -> Iterator[tuple[str, Any]]:
    """The document with one thing changed: a field removed, added, or of another value."""
    for *folder, name in paths(document):
        for value in OTHER_VALUES:
            changed = copy.deepcopy(document)
            part_at(changed, folder)[name] = value
            yield f"{folder}: {name} = {value!r}", changed
        changed = copy.deepcopy(document)
        del part_at(changed, folder)[name]
        yield f"{folder}: {name} is removed", changed
        if isinstance(name, str):
            changed = copy.deepcopy(document)
            part_at(changed, folder)[f"{name}_"] = part_at(document, folder)[name]
            yield f"{folder}: {name}_ is added", changed


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all parts of a value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in parts:
        yield (*path, name)
        if isinstance(part, dict | list):
            yield from paths(part, (*path, name))


def part_at(document: Any, path: list[Any]) -> Any:
    for name in path:
        document = document[name]
    return document


def test_a_record_is_flat_and_complete() -> None:
    assert read_result(GOLDEN).records() == [
        {
            "fingerprinter": "spectral-sketch",
            "weights_sha256": None,
            "dtype": "float32",
            "dataset": "folder:music",
            "protocol": None,
            "query_length_s": 1.0,
            "index": "exact",
            "distractors": "synthetic",
            "generator": "gaussian",
            "metric": "hr@1",
            "tolerance_s": 0.25,
            "n_distractors": 10_000,
            "n_reference": 590,
            "hours": 1.4708,
            "value": 0.5,
            "ci_low": 0.4,
            "ci_high": 0.6,
            "ci_level": 0.95,
            "std": 0.02,
            "repeats": 10,
            "n_queries": 100,
            "found": "searched",
            "simulation_error": None,
            "distractor_tracks": None,
            "distractor_groups": None,
            "corrected": None,
            "corrected_low": None,
            "corrected_high": None,
        }
    ]


def test_a_record_of_real_distractors_names_no_generator() -> None:
    result = read_result(GOLDEN)
    real = dataclasses.replace(result.curves[0], distractors="real")
    (record,) = dataclasses.replace(result, curves=[real]).records()
    assert (record["distractors"], record["generator"]) == ("real", None)
