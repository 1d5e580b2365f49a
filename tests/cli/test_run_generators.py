"""A run fits a generator or takes a fitted one, and judges it by tracks that it has not seen."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.hashing import file_sha256
from fpbench_plugins.gaussian.generator import GaussianGenerator
from fpbench_plugins.resample.generator import ResampleGenerator

Run = Callable[..., Result]

DIM = 16

PLUGIN = """
import numpy as np
from fpbench import Entry, GeneratorNeed, hookimpl


class Drawing:
    dim = 16
    parameters = {}

    def draw(self, n, rng, /):
        return rng.standard_normal((n - 1, 16), dtype=np.float32)

    def save(self, path, /):
        path.write_bytes(b"nothing")


class Method:
    learns_from = ()

    def __init__(self, settings):
        pass

    def need(self, rows, dim, /):
        return GeneratorNeed(fit_seconds=0.0, fit_memory_bytes=0.0, stand_in=Drawing())

    def fit(self, fingerprints, /, *, seed, work_dir, report):
        return Drawing()

    def load(self, path, /):
        return Drawing()


@hookimpl
def fpbench_generators():
    return [Entry(name="short", summary="a row too few", create=Method)]
"""


@pytest.fixture
def run_synthetic(run_on: Run) -> Run:
    """A run with synthetic distractors, on the small folder of music unless another is named."""
    wanted = ("--sizes", "100", "--distractors", "synthetic")

    def run(config: Path, *options: object) -> Result:
        shown = run_on(config, *wanted, *options)
        assert "Traceback" not in shown.output
        return shown

    return run


def document(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "out" / "result.json").read_text())
    return found


@pytest.fixture(scope="module")
def gaussian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("generator") / "gaussian.safetensors"
    identity = np.eye(DIM, dtype=np.float32)
    GaussianGenerator(np.zeros(DIM, dtype=np.float32), identity, project=True).save(path)
    return path


def part_of(music: Path, folder: Path, **tracks: int) -> Path:
    """A dataset with only the first few tracks of each role."""
    for role, n in tracks.items():
        (folder / role).mkdir(parents=True)
        for track in sorted((music / role).glob("??.wav"))[:n]:
            shutil.copy(track, folder / role)
    return folder


@pytest.mark.slow
def test_a_given_generator_is_judged_by_all_distractors(
    tmp_path: Path, config: Path, gaussian: Path, run_synthetic: Run
) -> None:
    shown = run_synthetic(config, "--generator-weights", gaussian)
    assert shown.exit_code == 0, shown.output
    found = document(tmp_path)
    assert found["data"]["distractor_fingerprints"] == 16 * 19
    assert found["fidelity"]["tracks"] == 16
    assert found["fidelity"]["judged_by"] == "all distractors"
    assert set(found["fidelity"]["hit_rates"][0]["gap"]) == {"gaussian"}
    assert {curve["distractors"] for curve in found["curves"]} == {"synthetic"}
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "out" / "result.json")])
    assert (checked.exit_code, checked.stdout) == (0, "1 valid\n")


@pytest.mark.slow
def test_without_distractors_the_reference_judges_but_tells_no_hit_rates(
    tmp_path: Path, music: Path, config: Path, gaussian: Path, run_synthetic: Run
) -> None:
    alone = part_of(music, tmp_path / "alone", reference=8)
    shown = run_synthetic(config, "--dataset", f"folder:{alone}", "--generator-weights", gaussian)
    assert shown.exit_code == 0, shown.output
    fidelity = document(tmp_path)["fidelity"]
    assert fidelity["tracks"] == 8
    # Each query's own match would count as a distractor.
    assert fidelity["hit_rates"] is None


@pytest.mark.slow
def test_the_same_generator_given_is_judged_anew(
    tmp_path: Path, config: Path, finished: Path, run_synthetic: Run
) -> None:
    shutil.copytree(finished / "cache", tmp_path / "cache")
    first = json.loads((finished / "out" / "result.json").read_text())
    assert set(first["fidelity"]["copying"]) == {"real", "gaussian", "resample"}
    weights = first["generator"]["weights_sha256"]
    stored = {file_sha256(path): path for path in (tmp_path / "cache").rglob("*.safetensors")}
    assert (
        run_synthetic(
            config, "--cache", tmp_path / "cache", "--generator-weights", stored[weights]
        ).exit_code
        == 0
    )
    # The run cannot know what it was fitted to, so it claims nothing about copies of that.
    assert document(tmp_path)["generator"]["weights_sha256"] == weights
    assert document(tmp_path)["fidelity"]["copying"] == {}


@pytest.mark.parametrize(
    "fault",
    ["missing gaussian", "empty gaussian", "cut gaussian", "text gaussian", "cut rectified-flow"],
)
@pytest.mark.slow
def test_a_damaged_generator_is_named(
    tmp_path: Path, config: Path, gaussian: Path, fault: str, run_synthetic: Run
) -> None:
    damage, generator = fault.split()
    path = tmp_path / "mine.safetensors"
    whole = gaussian.read_bytes()
    contents = {"empty": b"", "cut": whole[:1000], "text": b"fingerprints, but in words"}
    if damage != "missing":
        path.write_bytes(contents[damage])
    shown = run_synthetic(config, "--generator", generator, "--generator-weights", path)
    assert shown.exit_code == 2
    assert "mine.safetensors" in shown.stderr
    assert "fpbench fit" in shown.stderr


@pytest.mark.slow
def test_a_damaged_generator_in_the_cache_is_fitted_again(
    tmp_path: Path,
    config: Path,
    finished: Path,
    caplog: pytest.LogCaptureFixture,
    run_synthetic: Run,
) -> None:
    shutil.copytree(finished / "cache", tmp_path / "cache")
    kept = list((tmp_path / "cache" / "generators").rglob("*.safetensors"))
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    for folder in ("evidence", "fidelity"):
        shutil.rmtree(tmp_path / "cache" / folder)
    shown = run_synthetic(config, "--cache", tmp_path / "cache")
    assert shown.exit_code == 0, shown.stderr
    assert "is damaged or incomplete and will be made again" in caplog.text
    first, again = json.loads((finished / "out" / "result.json").read_text()), document(tmp_path)
    assert (again["generator"], again["fidelity"]) == (first["generator"], first["fidelity"])


@pytest.mark.slow
def test_another_kind_of_generator_is_named(
    tmp_path: Path, config: Path, run_synthetic: Run
) -> None:
    path = tmp_path / "mine.safetensors"
    ResampleGenerator(np.eye(DIM, dtype=np.float32)).save(path)
    path.with_suffix(".json").write_text('{"generator": "resample"}')
    shown = run_synthetic(config, "--generator-weights", path)
    assert shown.exit_code == 2
    assert "was made by generator 'resample', not 'gaussian'" in shown.stderr
    assert "add --generator resample" in shown.stderr


@pytest.mark.slow
def test_a_generator_that_draws_too_few_is_blamed(
    tmp_path: Path, config: Path, run_synthetic: Run
) -> None:
    (tmp_path / "short.py").write_text(PLUGIN)
    shown = run_synthetic(config, "--generator", f"plugin:{tmp_path / 'short.py'}")
    assert shown.exit_code == 2
    assert "short.py' breaks a rule: draws must have the shape (1, 16), not (0, 16)" in shown.stderr


@pytest.mark.slow
def test_a_teacher_is_refused(tmp_path: Path, config: Path, run_synthetic: Run) -> None:
    taught = tmp_path / "taught.toml"
    taught.write_text('generator_options.teacher = "flow.safetensors"\n' + config.read_text())
    shown = run_synthetic(taught, "--generator", "rectified-flow-turbo")
    assert shown.exit_code == 2
    assert "'rectified-flow-turbo' also learns from flow.safetensors" in shown.stderr
    assert "--generator-weights" in shown.stderr


@pytest.mark.slow
def test_too_few_tracks_to_fit_to_are_refused(
    tmp_path: Path, music: Path, config: Path, run_synthetic: Run
) -> None:
    few = part_of(music, tmp_path / "few", reference=8, distractors=7)
    shown = run_synthetic(config, "--dataset", f"folder:{few}")
    assert shown.exit_code == 2
    assert "has 7 usable distractor tracks: too few to fit" in shown.stderr


@pytest.mark.slow
def test_too_few_tracks_to_judge_by_are_refused(
    tmp_path: Path, music: Path, config: Path, gaussian: Path, run_synthetic: Run
) -> None:
    few = part_of(music, tmp_path / "few", reference=8, distractors=3)
    shown = run_synthetic(config, "--dataset", f"folder:{few}", "--generator-weights", gaussian)
    assert shown.exit_code == 2
    assert "has 3 usable distractor tracks: too few to judge" in shown.stderr


@pytest.mark.slow
def test_settings_of_a_fit_are_taken_once(tmp_path: Path, config: Path, run_synthetic: Run) -> None:
    small = tmp_path / "small.toml"
    small.write_text('generator_options.most_rows = "50"\n' + config.read_text())
    assert run_synthetic(small, "--generator", "resample").exit_code == 0
    assert document(tmp_path)["generator"]["parameters"] == {"rows": 50}


@pytest.mark.slow
def test_a_setting_that_cannot_be_is_named(
    tmp_path: Path, config: Path, run_synthetic: Run
) -> None:
    unused = tmp_path / "unused.toml"
    unused.write_text('generator_options.teacher_epochs = "0"\n' + config.read_text())
    shown = run_synthetic(unused, "--generator", "rectified-flow-turbo")
    assert shown.exit_code == 2
    assert (
        "these settings are not possible: teacher_epochs=0, but it must be at least 1"
        in shown.stderr
    )


@pytest.mark.slow
def test_settings_that_cannot_change_a_given_generator_are_refused(
    tmp_path: Path, config: Path, run_synthetic: Run
) -> None:
    small = tmp_path / "small.toml"
    small.write_text('generator_options.most_rows = "50"\n' + config.read_text())
    path = tmp_path / "mine.safetensors"
    ResampleGenerator(np.eye(DIM, dtype=np.float32)).save(path)
    options = ("--generator", "resample", "--generator-weights", path)
    shown = run_synthetic(small, *options)
    assert shown.exit_code == 2
    assert "setting 'most_rows' cannot change generator" in shown.stderr


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_is_named_before_any_work(
    tmp_path: Path, config: Path, run_synthetic: Run
) -> None:
    (tmp_path / "out").touch()
    shown = run_synthetic(config, "--cache", tmp_path / "cache")
    assert shown.exit_code == 2
    assert "cannot make folder" in shown.stderr
    assert not list((tmp_path / "cache").rglob("*.npz"))


@pytest.mark.slow
def test_eight_tracks_are_enough(
    tmp_path: Path, music: Path, config: Path, run_synthetic: Run
) -> None:
    few = part_of(music, tmp_path / "few", reference=8, distractors=8)
    assert run_synthetic(config, "--dataset", f"folder:{few}").exit_code == 0


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, music: Path, small_sketch: str) -> Path:
    """A Gaussian that `fpbench fit` fitted to fingerprints of the small sketch."""
    folder = tmp_path_factory.mktemp("fitted")
    tracks = sorted((music / "distractors").glob("??.wav"))[:4]
    real, out = folder / "real.npz", folder / "gaussian.safetensors"
    for typed in (
        ["extract", "--fingerprinter", small_sketch, *tracks, "-o", real],
        ["fit", "--generator", "gaussian", "--fingerprints", real, "-o", out],
    ):
        shown = CliRunner().invoke(main, [str(part) for part in typed])
        assert shown.exit_code == 0, shown.stderr
    return out


@pytest.fixture
def other_sketch(tmp_path: Path, small_sketch: str) -> str:
    """A fingerprinter of the same spec with other random signs."""
    text = Path(small_sketch.removeprefix("plugin:")).read_text()
    path = tmp_path / "other.py"
    path.write_text(
        text.replace("spec=replace(", "signs_seed=7, spec=replace(").replace("small-sk", "other-sk")
    )
    return f"plugin:{path}"


@pytest.mark.slow
def test_a_generator_is_accepted_by_the_system_that_it_was_fitted_to(
    tmp_path: Path, config: Path, small_sketch: str, fitted: Path, run_synthetic: Run
) -> None:
    # Neither another name nor a comment makes another system.
    renamed = tmp_path / "renamed.py"
    text = Path(small_sketch.removeprefix("plugin:")).read_text()
    renamed.write_text(text.replace("small-sketch", "renamed") + "# the same\n")
    shown = run_synthetic(
        config, "--fingerprinter", f"plugin:{renamed}", "--generator-weights", fitted
    )
    assert shown.exit_code == 0, shown.stderr
    found = document(tmp_path)
    assert found["generator"]["fitted_to"]["fingerprinter"] == "small-sketch"
    assert found["generator"]["fitted_to"]["fingerprints"] == 4 * 19
    assert not found["generator"].get("foreign", False)


@pytest.mark.slow
def test_a_generator_of_another_system_is_refused_before_any_work(
    config: Path, other_sketch: str, fitted: Path, run_synthetic: Run
) -> None:
    wanted = ("--fingerprinter", other_sketch, "--generator-weights", fitted, "--plan")
    shown = run_synthetic(config, *wanted)
    assert shown.exit_code == 2
    assert "was fitted to fingerprints of small-sketch (its own weights, 8000 Hz" in shown.stderr
    assert "but these are of other-sketch (its own weights" in shown.stderr
    assert "--foreign-generator" in shown.stderr
    assert run_synthetic(config, *wanted, "--foreign-generator").exit_code == 0


@pytest.mark.slow
def test_a_study_of_another_systems_generator_says_so_in_the_result(
    tmp_path: Path, config: Path, other_sketch: str, fitted: Path, run_synthetic: Run
) -> None:
    shown = run_synthetic(
        config,
        *("--fingerprinter", other_sketch, "--generator-weights", fitted, "--foreign-generator"),
    )
    assert shown.exit_code == 0, shown.stderr
    found = document(tmp_path)
    assert found["generator"]["foreign"]
    assert found["config"]["foreign_generator"]
    assert "(gaussian, fitted to small-sketch, unlike real)" in shown.stdout
    assert "gaussian is unlike real fingerprints: its Frechet distance is " in shown.stdout
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "out" / "result.json")])
    assert checked.exit_code == 1
    assert "this generator is unlike real fingerprints: its Frechet distance is " in checked.stdout
    board = CliRunner().invoke(main, ["leaderboard", str(tmp_path / "out" / "result.json")])
    assert board.exit_code == 2
    assert "this generator is unlike real fingerprints" in board.stderr


@pytest.mark.slow
def test_a_generator_that_names_no_system_is_judged_by_fidelity(
    config: Path, gaussian: Path, caplog: pytest.LogCaptureFixture, run_synthetic: Run
) -> None:
    assert run_synthetic(config, "--generator-weights", gaussian, "--plan").exit_code == 0
    assert f"'{gaussian}' does not name a fingerprinter" in caplog.text
