"""No result file, whatever is in it, causes anything but an error that names the file."""

import json
from pathlib import Path

import pytest
from mutations import Draw, for_examples, mutate_bytes, mutate_json, read_or_refuse

from fpbench import FpbenchError
from fpbench.results.files import dump_result, read_result

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def use(path: Path) -> None:
    """Read a result and do what is done with every result."""
    result = read_result(path)
    dump_result(result).encode()
    assert len(result.records()) > 0


def test_a_changed_document_is_read_or_refused(examples: int, tmp_path: Path) -> None:
    document, path = json.loads(GOLDEN.read_text()), tmp_path / "changed.json"

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_text(json.dumps(mutate_json(data, document)))
        read_or_refuse(use, path)


def test_changed_bytes_are_read_or_refused(examples: int, tmp_path: Path) -> None:
    content, path = GOLDEN.read_bytes(), tmp_path / "changed.json"

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_bytes(mutate_bytes(data, content))
        read_or_refuse(use, path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"a": ' * 50_000, id="deep tables"),
        pytest.param("9" * 10_000, id="long number"),
        pytest.param("1e999", id="infinite"),
        pytest.param('"\\ud800"', id="half a character"),
        pytest.param("\ufeff{}", id="byte order mark"),
    ],
)
def test_refuses_what_is_no_document(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FpbenchError, match=r"a\.json is not JSON"):
        read_result(tmp_path / "a.json")
