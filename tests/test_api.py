"""Work in a notebook: a class is measured, and its results are compared, plotted and read."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import fpbench
from fpbench import FpbenchError
from fpbench.cli import main
from fpbench.results.files import read_result
from fpbench.results.loaded import LoadedResult
from fpbench.runs.config import RunConfig

ROOT = Path(__file__).parents[1]
SETTINGS: Mapping[str, Any] = {
    "sizes": [100, 2e2],
    "distractors": "real",
    "queries": 20,
    "recipe": {"max_offset_s": 0, "degradations": [{"name": "gain"}]},
    "progress": False,
}


class MyModel:
    """A sketch of the spectrum, which counts its calls."""

    spec = fpbench.FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=64)

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.projection = rng.standard_normal((self.spec.samples // 2 + 1, 64), np.float32)
        self.segments = 0

    def embed(self, segments: fpbench.Segments, /) -> fpbench.Vectors:
        self.segments += len(segments)
        power = np.log1p(np.abs(np.fft.rfft(segments.astype(np.float64))) ** 2 / 1e-10)
        vectors = (power - power.mean(axis=1, keepdims=True)).astype(np.float32) @ self.projection
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("session")


@pytest.fixture(scope="module")
def measure(folder: Path, music: Path) -> Callable[..., LoadedResult]:
    """`fpbench.run` on the small folder of music, with a cache that these tests share."""

    def run(fingerprinter: object, **changes: Any) -> LoadedResult:
        given = {"dataset": f"folder:{music}", "cache": folder / "cache", **SETTINGS, **changes}
        return fpbench.run(fingerprinter=fingerprinter, **given)

    return run


@pytest.fixture(scope="module")
def result(measure: Callable[..., LoadedResult]) -> LoadedResult:
    return measure(MyModel())


@pytest.fixture(scope="module")
def other(measure: Callable[..., LoadedResult]) -> LoadedResult:
    return measure("random", distractors="real")


def test_an_object_is_measured_and_the_result_says_so(result: LoadedResult) -> None:
    system = result.fingerprinter
    assert (system.name, system.distribution, system.version) == ("MyModel", "(object)", "-")
    real = result.curves[0]
    assert [point.n_distractors for point in real.points] == [100, 200]
    assert real.points[0].value > 0.9
    assert "fingerprinter=<MyModel>" in result.command
    assert repr(result).startswith("<result of MyModel on folder:")


@pytest.mark.slow
def test_nothing_is_left_in_the_working_folder(
    measure: Callable[..., LoadedResult],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = measure(MyModel()).path
    assert list(tmp_path.iterdir()) == []
    assert path is not None
    assert path.is_relative_to(folder / "cache")
    assert path.with_suffix(".png").is_file()
    assert not list((folder / "cache" / "results").glob(".*"))


@pytest.mark.slow
def test_a_result_is_written_to_out(
    measure: Callable[..., LoadedResult], result: LoadedResult, tmp_path: Path
) -> None:
    kept = measure(MyModel(), out=tmp_path / "mine.json")
    assert kept.path == tmp_path / "mine.json"
    assert kept.curves == result.curves
    assert read_result(kept.path) == replace_class(kept)


def replace_class(loaded: LoadedResult) -> fpbench.Result:
    names = [field.name for field in fields(fpbench.Result)]
    return fpbench.Result(**{name: getattr(loaded, name) for name in names})


def without_costs(result: LoadedResult) -> fpbench.Result:
    """All of a result that is the same in every run of its settings."""
    return replace(replace_class(result), costs=None, result_id=None)


@pytest.mark.slow
def test_the_same_object_is_not_called_again(
    measure: Callable[..., LoadedResult], result: LoadedResult
) -> None:
    again = MyModel()
    assert without_costs(measure(again)) == without_costs(result)
    # Of a probe that names it, and of the plan's trial; 24 tracks of 10 s have 19 segments each.
    assert again.segments < 24 * 19


@pytest.mark.slow
def test_a_changed_object_is_measured_again(
    measure: Callable[..., LoadedResult], result: LoadedResult
) -> None:
    changed = MyModel(seed=1)
    measured = measure(changed, distractors="real")
    assert changed.segments > 24 * 19
    assert {one.sha256 for one in measured.evidence}.isdisjoint(e.sha256 for e in result.evidence)
    assert measured.fingerprinter.source_sha256 != result.fingerprinter.source_sha256


@pytest.mark.slow
def test_the_command_measures_the_same(
    music: Path, folder: Path, other: LoadedResult, tmp_path: Path
) -> None:
    config = tmp_path / "run.toml"
    config.write_text('[recipe]\nmax_offset_s = 0\n[[recipe.degradations]]\nname = "gain"\n')
    typed = ["run", "--config", config, "--fingerprinter", "random", "--queries", "20"]
    typed += ["--dataset", f"folder:{music}", "--sizes", "100,2e2", "--cache", folder / "cache"]
    typed += ["--distractors", "real"]
    shown = CliRunner().invoke(main, [*map(str, typed), "--out", str(tmp_path / "typed.json")])
    assert shown.exit_code == 0, shown.stderr
    (typed_result,) = fpbench.load_results(tmp_path / "typed.json")
    for result, file in ((typed_result, "typed"), (other, "result")):
        assert [info.file for info in result.evidence] == [f"{file}.exact.real.npz"]
    assert [e.sha256 for e in typed_result.evidence] == [e.sha256 for e in other.evidence]
    one, two = (
        replace(without_costs(found), evidence=[], command="") for found in (typed_result, other)
    )
    assert one == two


@pytest.mark.slow
def test_a_config_file_is_overridden_by_arguments(
    measure: Callable[..., LoadedResult], tmp_path: Path
) -> None:
    (tmp_path / "run.toml").write_text("seed = 3\ntolerance_s = 0.5\n")
    measured = measure("random", config=tmp_path / "run.toml", seed=4)
    assert (measured.config["seed"], measured.config["tolerance_s"]) == (4, 0.5)


def test_every_field_of_a_config_is_an_argument() -> None:
    arguments = set(fpbench.run.__annotations__) - {"return"}
    besides = {
        "queries",
        "query_length_s",
        "config",
        "out",
        "figure",
        "cache",
        "fresh",
        "unchecked",
        "progress",
        "engine",
        "address",
        "workers",
    }
    assert arguments == {field.name for field in fields(RunConfig)} - {"recipe_given"} | besides


def test_records_are_flat_and_alike(result: LoadedResult) -> None:
    records = result.records()
    assert len(records) == sum(len(curve.points) for curve in result.curves)
    assert {tuple(record) for record in records} == {tuple(records[0])}
    assert all(isinstance(v, str | int | float | None) for r in records for v in r.values())
    first = records[0]
    assert (first["fingerprinter"], first["index"], first["metric"]) == ("MyModel", "exact", "hr@1")
    assert (first["distractors"], first["n_distractors"]) == ("real", 100)


def test_two_results_are_compared(result: LoadedResult, other: LoadedResult) -> None:
    comparisons = fpbench.compare(result, other)
    assert {one.names for one in comparisons} == {("MyModel", "random")}
    assert "MyModel minus random; exact, real distractors" in repr(comparisons)
    assert "<table>" in comparisons._repr_html_()
    records = comparisons.records()
    assert len(records) == sum(len(one.differences) for one in comparisons)
    assert records[0]["difference"] == pytest.approx(
        result.curves[0].points[0].value - other.curves[0].points[0].value
    )


def test_results_are_compared_by_their_paths_too(result: LoadedResult, other: LoadedResult) -> None:
    by_path = fpbench.compare(str(result.path), other, level=0.99)
    assert by_path.records() == fpbench.compare(result, other, level=0.99).records()


def test_a_result_without_a_file_cannot_be_compared(result: LoadedResult) -> None:
    changed = replace(result, command="by hand")
    with pytest.raises(fpbench.FpbenchError, match="MyModel has no file"):
        fpbench.compare(changed, result)


def test_results_are_validated(result: LoadedResult, tmp_path: Path) -> None:
    assert fpbench.validate(result) == []
    assert result.path is not None
    alone = tmp_path / "alone.json"
    alone.write_bytes(result.path.read_bytes())
    lines = fpbench.validate([result, alone])
    assert [line.partition(":")[0] for line in lines] == [str(alone)]
    alone.write_text(alone.read_text().replace('"n": 20', '"n": 21'))
    with pytest.raises(fpbench.FpbenchError, match=r"alone\.json: .*n_queries is 20"):
        fpbench.validate(tmp_path)


def test_results_are_loaded_from_files_and_folders(
    result: LoadedResult, folder: Path, tmp_path: Path
) -> None:
    assert result.path is not None
    (one,) = fpbench.load_results(result.path)
    assert (without_costs(one), one.path) == (without_costs(result), result.path)
    several = fpbench.load_results([str(result.path), folder / "cache" / "results"])
    assert several[0] == one
    assert result.path in [found.path for found in several[1:]]
    (tmp_path / "empty").mkdir()
    with pytest.raises(fpbench.FpbenchError, match=r"there are no results in .*empty"):
        fpbench.load_results(tmp_path / "empty")
    with pytest.raises(fpbench.FpbenchError, match="no such file or folder: nowhere"):
        fpbench.load_results("nowhere")


@pytest.mark.slow
def test_curves_are_a_figure_that_notebooks_show(result: LoadedResult, other: LoadedResult) -> None:
    from matplotlib.figure import Figure

    figure = fpbench.plot_curves([result, other])
    assert isinstance(figure, Figure)
    assert len(figure.axes[0].lines) == 2
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules
    with pytest.raises(fpbench.FpbenchError, match="no curve of hr@7"):
        fpbench.plot_curves(result, metric="hr@7")


@pytest.mark.slow
def test_the_leaderboard_figure_has_a_row_for_each_query_set() -> None:
    results = fpbench.load_results(ROOT / "submissions")
    figure = fpbench.plot_curves(results)
    titles = [part._suptitle.get_text() for part in figure.subfigs]
    assert len(titles) > 1
    assert len(set(titles)) == len(titles)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fingerprinter_options": {"width": 3}}, "no setting is called 'width'"),
        ({"sizes": [1.5]}, "'1.5' is not a database size"),
        ({"seed": -1}, r"fpbench\.run: .*seed"),
        ({"queries": 0}, r"fpbench\.run: n_queries=0"),
        ({"out": "mine.txt"}, r"'mine\.txt' cannot hold a result"),
    ],
    ids=["options", "size", "seed", "queries", "out"],
)
def test_a_wrong_argument_is_named(
    measure: Callable[..., LoadedResult], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(fpbench.FpbenchError, match=message):
        measure(MyModel(), **changes)


WRONG_TYPES = """
import fpbench
for call in (
    lambda: fpbench.run(out=5),
    lambda: fpbench.run(cache=5),
    lambda: fpbench.run(config=5),
    lambda: fpbench.run(sizes=5),
    lambda: fpbench.load_results(5),
    lambda: fpbench.validate(None),
    lambda: fpbench.plot_curves([5]),
    lambda: fpbench.compare("a.json", "b.json", level="high"),
):
    try:
        call()
    except fpbench.FpbenchError as error:
        print(error.message)
"""


@pytest.mark.slow
def test_arguments_of_wrong_types_are_named(tmp_path: Path) -> None:
    # In a process of its own, because tests check the types of all calls.
    done = subprocess.run(
        [sys.executable, "-c", WRONG_TYPES],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        "fpbench.run: out cannot be 5",
        "fpbench.run: cache cannot be 5",
        "fpbench.run: config cannot be 5",
        "fpbench.run: sizes cannot be 5",
        "fpbench: a result cannot be 5",
        "fpbench: a result cannot be None",
        "fpbench: a result cannot be 5",
        "fpbench.compare: field 'level' cannot be 'high'",
    ], done.stderr


@pytest.mark.slow
def test_errors_of_an_object_name_its_class(measure: Callable[..., LoadedResult]) -> None:
    class Wide(MyModel):
        def embed(self, segments: fpbench.Segments, /) -> fpbench.Vectors:
            return np.ones((len(segments), 3), dtype=np.float32)

    with pytest.raises(fpbench.FpbenchError, match=r"Wide.* 3"):
        measure(Wide())


@pytest.mark.slow
def test_progress_is_shown_where_it_is_wanted(
    measure: Callable[..., LoadedResult],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    measure("random", distractors="real")
    assert capfd.readouterr().err == ""
    measure("random", distractors="real", progress=True)
    shown = capfd.readouterr().err
    for stage in ("reference", "queries", "distractors"):
        assert stage in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cache": ""}, "fpbench.run: cache cannot be ''"),
        ({"out": ""}, "fpbench.run: out cannot be ''"),
        ({"config": ""}, "fpbench.run: config cannot be ''"),
        ({"indexes": ["exact", "exact"]}, "names an index twice"),
        ({"workers": 0}, "workers=0 is not positive"),
        ({"workers": 2}, "workers has no effect without --engine ray"),
        ({"device": "cuda:x"}, "device 'cuda:x' is not available"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_an_argument_that_means_nothing_is_an_error(given: dict[str, Any], message: str) -> None:
    with pytest.raises(FpbenchError, match=message):
        fpbench.run(**given)
