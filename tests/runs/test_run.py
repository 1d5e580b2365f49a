"""A run searches the databases of its config, and writes one result with points at its sizes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.hashing import file_sha256
from fpbench.results.document import Result
from fpbench.results.files import dump_result, read_result
from fpbench.runs.prepare import PreparedRun
from fpbench.verification.validation import validate_result

Prepare = Callable[..., PreparedRun]
HAVE = 16 * 19
"""Real distractors of the small folder: 16 tracks of 10 s, one fingerprint every half second."""


def sizes(result: Result, kind: str) -> list[int]:
    curve = next(curve for curve in result.curves if curve.distractors == kind)
    return [point.n_distractors for point in curve.points]


@pytest.mark.slow
def test_a_result_lies_beside_its_evidence_and_validates(
    measure: Callable[..., Result], tmp_path: Path
) -> None:
    result = measure()
    path = tmp_path / "run.json"
    assert read_result(path).curves == result.curves
    assert validate_result(path) == []
    for info in result.evidence:
        assert file_sha256(tmp_path / info.file) == info.sha256
    assert (tmp_path / "run.png").is_file()


@pytest.mark.slow
def test_a_real_curve_ends_at_the_number_of_real_distractors(
    measure: Callable[..., Result],
) -> None:
    result = measure(sizes=(100, 1000))
    assert sizes(result, "real") == [100, HAVE]
    assert result.status == "partial"


@pytest.mark.slow
def test_the_reference_alone_has_one_size(measure: Callable[..., Result]) -> None:
    result = measure(distractors="none")
    assert sizes(result, "real") == [0]


@pytest.mark.slow
def test_a_graph_holds_one_kind_of_distractors_at_a_time(measure: Callable[..., Result]) -> None:
    result = measure(distractors="both", indexes=("exact", "hnsw"), sizes=(100,))
    rates = {
        (c.index, c.distractors): c.points[-1].value
        for c in result.curves
        if c.metric == "hr@1" and c.tolerance_s is None
    }
    # A graph of 250 rows finds what exact search finds.
    assert rates["hnsw", "real"] == rates["exact", "real"]
    assert rates["hnsw", "synthetic"] == rates["exact", "synthetic"]


def same_text(result: Result) -> str:
    """All of a result that is the same in every run of its settings."""
    return dump_result(replace(result, costs=None))


@pytest.mark.slow
def test_a_second_run_writes_the_same_bytes(measure: Callable[..., Result], tmp_path: Path) -> None:
    names = ("run.exact.real.npz", "run.png")
    one = measure()
    first = {name: (tmp_path / name).read_bytes() for name in names}
    other = measure()
    assert {name: (tmp_path / name).read_bytes() for name in names} == first
    assert same_text(other) == same_text(one)


@pytest.mark.slow
def test_a_dataset_without_wanted_distractors_is_refused(
    measure: Callable[..., Result], music: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "reference").symlink_to(music / "reference")
    with pytest.raises(FpbenchError, match="has no usable distractors"):
        measure(dataset=f"folder:{alone}")


def interrupt_step(patch: pytest.MonkeyPatch, folder: Path, number: int) -> None:
    """Interrupt the program before it replaces or removes a file in a folder for the n-th time."""
    left = [number]

    def count(do: Callable[..., object]) -> Callable[..., object]:
        def step(file: Path, *args: object, **options: object) -> object:
            left[0] -= file.parent == folder
            if left[0] < 0:
                raise KeyboardInterrupt
            return do(file, *args, **options)

        return step

    for name in ("replace", "unlink"):
        patch.setattr(Path, name, count(getattr(Path, name)))


@pytest.mark.slow
def test_a_kill_leaves_no_file_of_another_run_beside_a_result(
    measure: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, figure = tmp_path / "run.json", tmp_path / "run.png"
    measure()
    old_figure = figure.read_bytes()
    measure(seed=1)
    new = read_result(path)
    for number in range(6):
        measure()
        with monkeypatch.context() as patch:
            interrupt_step(patch, tmp_path, number)
            with pytest.raises(KeyboardInterrupt):
                measure(seed=1)
        if path.exists():
            assert validate_result(path) == []
        if path.exists() and figure.exists():
            is_new = same_text(read_result(path)) == same_text(new)
            assert is_new == (figure.read_bytes() != old_figure)
