"""A document has the hash and the form that fpbench gives it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.results.canonical import hash_document
from fpbench.results.files import read_result

Document = dict[str, Any]
Problems = Callable[[Path], str]


def test_blanks_and_the_order_of_fields_do_not_matter(result: Path, problems: Problems) -> None:
    document = json.loads(result.read_text())
    result.write_text(json.dumps(dict(reversed(document.items())), indent=7))
    assert problems(result) == ""


def test_a_changed_document_keeps_no_hash(result: Path, problems: Problems) -> None:
    document = json.loads(result.read_text())
    document["command"] = "fpbench run --again"
    right = hash_document(document)
    result.write_text(json.dumps(document))
    old = document["result_id"]
    assert problems(result) == f'/result_id is "{old}": the hash of the other fields is {right}'
    del document["result_id"]
    result.write_text(json.dumps(document))
    assert problems(result) == f"/result_id is null: the hash of the other fields is {right}"


@pytest.mark.parametrize(
    ("name", "value"), [("extrapolations", []), ("fits", None), ("extra", None)]
)
def test_a_field_with_its_default_is_left_out(
    result: Path, alter: Callable[..., None], problems: Problems, name: str, value: object
) -> None:
    alter(result, lambda document: document.update({name: value}))
    assert problems(result).startswith(f"/{name} is {json.dumps(value)}: fpbench writes it in")


def change_version(document: Document) -> None:
    document["harness"]["version"] = "9.9"
    document["environment"]["fpbench-audio"] = "0.1.0"


def change_revision(document: Document) -> None:
    document["harness"] = {"version": "unknown", "revision": "0" * 40}


def name_twice(document: Document) -> None:
    document["provenance"] = {
        "submitter": "ann",
        "relation": "author",
        "supersedes": ["a" * 64, "a" * 64],
    }


def change_size(document: Document) -> None:
    document["fingerprinter"]["bytes_per_hour"] = 1.0


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (change_version, "/harness/version is \"9.9\": environment gives '0.1.0'"),
        (change_revision, "/harness/dirty is null: it is known if, and only if, the revision is"),
        (name_twice, "each result is there once"),
        (change_size, "/fingerprinter/bytes_per_hour is 1.0: dim and hop_s gives 3686400.0"),
    ],
)
def test_blocks_agree_with_the_rest(
    result: Path,
    alter: Callable[..., None],
    problems: Problems,
    change: Callable[[Document], None],
    line: str,
) -> None:
    alter(result, change)
    assert line in problems(result)


@pytest.mark.parametrize("submitter", ["", "a\u202eb", "a\nb", "<b>", "a|b", "x" * 201], ids=ascii)
def test_a_submitter_is_printable(result: Path, alter: Callable[..., None], submitter: str) -> None:
    provenance = {"submitter": submitter, "relation": "author"}
    alter(result, lambda document: document.update(provenance=provenance))
    with pytest.raises(FpbenchError, match=r"provenance\.submitter"):
        read_result(result)
