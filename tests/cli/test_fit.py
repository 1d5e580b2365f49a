"""`fpbench fit` writes a generator, its record and its curves, and continues after a crash."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from fpbench.cli import main


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks this small are slower on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


TINY = ["--set", "width=16", "--set", "depth=1", "--set", "steps=2"]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    vectors = np.random.default_rng(0).standard_normal((300, 8)).astype(np.float32)
    path = tmp_path_factory.mktemp("real") / "real.npy"
    np.save(path, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return path


def fit(real: Path, output: Path, *options: str, generator: str = "rectified-flow") -> Result:
    command = ["fit", "--generator", generator, "--fingerprints", str(real), "-o", str(output)]
    return CliRunner().invoke(main, [*command, *options])


@pytest.mark.slow
def test_leaves_a_generator_its_record_and_its_curves(real: Path, tmp_path: Path) -> None:
    output = tmp_path / "flow.safetensors"
    result = fit(real, output, *TINY, "--set", "epochs=2", "--seed", "4")
    assert result.exit_code == 0, result.output
    record = json.loads(output.with_suffix(".json").read_text())
    assert record["generator"] == "rectified-flow"
    assert (record["seed"], record["rows"], record["dim"]) == (4, 300, 8)
    assert record["settings"]["epochs"] == "2"
    assert [entry["step"] for entry in record["history"]] == [3.0, 6.0]
    assert output.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "flow.json",
        "flow.png",
        "flow.safetensors",
    ]


@pytest.mark.slow
def test_a_generator_without_history_has_no_curves(real: Path, tmp_path: Path) -> None:
    output = tmp_path / "g.safetensors"
    assert fit(real, output, generator="gaussian").exit_code == 0
    assert json.loads(output.with_suffix(".json").read_text())["history"] == []
    assert not output.with_suffix(".png").exists()


@pytest.mark.parametrize(
    "taken",
    [
        pytest.param('{"schema_version": 1}', id="a result"),
        pytest.param('{"losses": [], "validations": []}', id="the curves of a training"),
        pytest.param("[]", id="a list"),
        pytest.param("not JSON", id="a text"),
    ],
)
def test_another_json_file_is_not_replaced(real: Path, tmp_path: Path, taken: str) -> None:
    (tmp_path / "g.json").write_text(taken)
    (tmp_path / "g.png").write_text("its figure")
    result = fit(real, tmp_path / "g.safetensors", generator="gaussian")
    assert result.exit_code == 2
    assert "g.json would be replaced by the record of this fit" in result.stderr
    assert "choose another --out" in result.stderr
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"g.json": taken, "g.png": "its figure"}


@pytest.mark.slow
def test_a_second_fit_replaces_the_first_and_its_record(real: Path, tmp_path: Path) -> None:
    output = tmp_path / "g.safetensors"
    assert fit(real, output, "--seed", "1", generator="resample").exit_code == 0
    assert fit(real, output, "--seed", "2", generator="gaussian").exit_code == 0
    record = json.loads(output.with_suffix(".json").read_text())
    assert (record["generator"], record["seed"]) == ("gaussian", 2)


@pytest.mark.slow
def test_an_unknown_setting_is_named(real: Path, tmp_path: Path) -> None:
    result = fit(real, tmp_path / "g.safetensors", "--set", "widht=3")
    assert result.exit_code == 2
    assert "no setting is called 'widht'" in result.stderr
    assert "did you mean 'width'?" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generator", "setting"),
    [("rectified-flow", "time_dim=2"), ("rectified-flow-turbo", "teacher_epochs=0")],
)
def test_a_setting_that_cannot_be_is_named_before_any_work(
    real: Path, tmp_path: Path, generator: str, setting: str
) -> None:
    result = fit(real, tmp_path / "g.safetensors", "--set", setting, generator=generator)
    assert result.exit_code == 2
    assert f"these settings are not possible: {setting}, but" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_training_that_diverges_is_stopped(real: Path, tmp_path: Path) -> None:
    result = fit(real, tmp_path / "g.safetensors", *TINY, "--set", "learning_rate=1e4")
    assert result.exit_code == 2
    assert "Error: loss is nan at step 2" in result.stderr
    assert "Hint: set a lower learning_rate" in result.stderr


def test_the_output_must_be_safetensors(real: Path, tmp_path: Path) -> None:
    result = fit(real, tmp_path / "g.pt")
    assert result.exit_code == 2
    assert "end its name in .safetensors" in result.stderr


def test_missing_fingerprints_are_named(tmp_path: Path) -> None:
    result = fit(tmp_path / "none.npy", tmp_path / "g.safetensors")
    assert result.exit_code == 2
    assert "none.npy" in result.stderr


def test_a_row_that_is_not_finite_is_named(tmp_path: Path) -> None:
    vectors = np.ones((40, 8), dtype=np.float32)
    vectors[[7, 9], 2] = np.nan
    np.save(tmp_path / "nan.npy", vectors)
    result = fit(tmp_path / "nan.npy", tmp_path / "g.safetensors", generator="resample")
    assert result.exit_code == 2
    assert "nan.npy': row 7 is not finite" in result.stderr
    assert not (tmp_path / "g.safetensors.work").exists()


def test_silent_rows_are_not_learned_from(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((40, 8)).astype(np.float32)
    silent = np.arange(40) % 4 == 0
    vectors[silent] = np.nan
    np.savez(tmp_path / "real.npz", vectors=vectors, silent=silent)
    output = tmp_path / "g.safetensors"
    result = fit(tmp_path / "real.npz", output, generator="resample")
    assert result.exit_code == 0, result.output
    assert json.loads(output.with_suffix(".json").read_text())["rows"] == 30


def test_a_folder_that_cannot_be_made_is_named(real: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = fit(real, tmp_path / "file" / "g.safetensors", generator="gaussian")
    assert result.exit_code == 2
    assert "cannot make folder" in result.stderr


OFTEN_KEPT = """
from fpbench.cli import main
from fpbench_plugins.building_blocks.flow import training
training.CHECKPOINT_AFTER_EVALUATION_S = 0.2
main()
"""


@pytest.mark.slow
def test_a_killed_command_continues_to_the_same_bytes(real: Path, tmp_path: Path) -> None:
    def options(name: str) -> list[str]:
        return [*TINY, "--set", "epochs=60", "-o", str(tmp_path / f"{name}.safetensors")]

    common = ["fit", "--generator", "rectified-flow", "--fingerprints", str(real)]
    killed = subprocess.Popen([sys.executable, "-c", OFTEN_KEPT, *common, *options("killed")])
    while not (tmp_path / "killed.safetensors.work" / "checkpoint.pt").exists():
        assert killed.poll() is None
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "killed.safetensors").exists()
    for name in ("killed", "whole"):  # in this process, which is what a new one would do
        run = CliRunner().invoke(main, [*common, *options(name)])
        assert run.exit_code == 0, run.output
    for suffix in (".safetensors", ".png"):
        whole, resumed = ((tmp_path / name).with_suffix(suffix) for name in ("whole", "killed"))
        assert whole.read_bytes() == resumed.read_bytes()
