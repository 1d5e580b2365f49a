"""``fpbench train`` makes weights that fingerprinters take, and the same ones after a kill."""

import json
import re
import shutil
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from fpbench import Settings
from fpbench.cache import Store
from fpbench.cli import main
from fpbench.encoders.training import TrainingSchedule, train
from fpbench.encoders.training_audio import training_audio
from fpbench.encoders.weights import load_weights, read_info
from fpbench.hashing import file_sha256
from fpbench.plugin.catalog import Catalog

SIZES = {
    "nafp": {"width": "1"},
    "nmfp": {"width": "1", "microphone_s": "0.1"},
    "grafprint": {
        "width": "4",
        "peak_stride": "8",
        "depth": "1",
        "hidden_dim": "8",
        "head_units": "1",
    },
    "peaknetfp": {"width": "1", "degraded": "true"},
}
SHORT = {"anchors": "3", "steps": "3", "response_s": "0.2", "context_s": "0.2"}

LONE_PLUGIN = """
from pathlib import Path
import numpy as np
from fpbench import Entry, FpbenchError, hookimpl

def refuse(settings):
    raise FpbenchError(f"cache is {settings.cache_dir}")

@hookimpl
def fpbench_datasets():
    return [Entry(name="none", summary="never opens", create=refuse)]

@hookimpl
def fpbench_trainables():
    return [Entry(name="mine", summary="learns nothing", create=Mine)]

class Mine:
    sample_rate_hz, steps = 8_000, 3

    def __init__(self, settings):
        self.description = {**settings.options, "cache": str(settings.cache_dir)}

    def start(self, audio):
        return self.until("start")

    def step(self, number):
        return self.until(f"step {number}")

    def until(self, point):
        stop = Path(__file__).with_name("stop")
        if stop.exists() and stop.read_text() == point:
            raise OSError("stopped")
        return self if point == "start" else 1.0

    def pairs(self, n):
        return np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)

    def state(self):
        return {}

    def restore(self, state):
        pass

    def save(self, path, done):
        path.write_text(f"{done} steps")
"""


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audio")
    rng = np.random.default_rng(0)
    rows = ["path,kind,split"]
    for kind, count, seconds in (("music", 5, 3.0), ("noise", 2, 1.0), ("ir", 2, 0.1)):
        for i in range(count):
            samples = rng.normal(0, 0.1, round(seconds * 8_000))
            soundfile.write(folder / f"{kind}{i}.wav", samples, 8_000)
            rows.append(f"{kind}{i}.wav,{kind},train")
    path = folder / "manifest.csv"
    path.write_text("\n".join(rows))
    return path


def options(system: str) -> list[str]:
    changes = {**SIZES[system], **SHORT}
    return [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]


def command(system: str, manifest: Path, out: Path, *arguments: str) -> list[str]:
    fixed = ["train", "--fingerprinter", system, "--dataset", f"manifest:{manifest}"]
    written = () if "-o" in arguments else ("-o", str(out))
    return [*fixed, "--cache", str(out.parent / "cache"), *written, *arguments]


@pytest.fixture
def lone_plugin(tmp_path: Path) -> Path:
    """A plugin of one file, which fails at the point that a file ``stop`` beside it names."""
    path = tmp_path / "mine.py"
    path.write_text(LONE_PLUGIN)
    return path


@pytest.mark.slow
def test_trains_reports_and_loads(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    result = CliRunner().invoke(
        main,
        command("nafp", manifest, out, *options("nafp")),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{out}: 3 steps, HR@1 ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "w.json", "w.png", out.name]
    assert read_info(out).config["width"] == 1
    fingerprinter = Catalog.load().fingerprinter("nafp", Settings(weights=out))
    vectors = fingerprinter.embed(np.random.default_rng(0).random((2, 8_000), dtype=np.float32))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("system", SIZES)
def test_ends_in_the_same_bytes_after_a_kill(
    manifest: Path, tmp_path: Path, system: str, dtype: str
) -> None:
    schedule = TrainingSchedule(validate_every=2, validation_pairs=4, checkpoint_every_s=0.0)
    settings = Settings(options={**SIZES[system], **SHORT}, dtype=dtype)

    def trained(steps_before_kill: int | None, name: str) -> bytes:
        catalog = Catalog.load()
        trainable = catalog.trainable(system, settings)
        dataset = catalog.dataset(f"manifest:{manifest}", Settings())
        store = Store.open(tmp_path / "cache")
        audio = training_audio(dataset, trainable.sample_rate_hz, seed=0, store=store)
        trainee = trainable.start(audio)
        checkpoint = tmp_path / f"{name}.checkpoint"
        progress = train(trainee, checkpoint, plugin=system, key="", schedule=schedule)
        if steps_before_kill is not None:
            list(islice(progress, steps_before_kill + 1))
            return b""
        list(progress)
        trainee.save(tmp_path / name, trainee.steps)
        return (tmp_path / name).read_bytes()

    whole = trained(None, "whole")
    trained(2, "killed")
    assert trained(None, "killed") == whole


def test_says_how_much_music_a_batch_needs(manifest: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main,
        command("nmfp", manifest, tmp_path / "w.safetensors"),
    )
    assert result.exit_code == 2
    assert "anchors=768, but there are only 4 tracks to train on" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--recipe", "big"], "has no recipe called 'big'", id="unknown recipe"),
        pytest.param(["--recipe", "no.toml"], "there is no recipe 'no.toml'", id="no such file"),
        pytest.param(["--set", "width"], "has no value", id="no equals sign"),
        pytest.param(
            ["--epochs", "2", "--set", "steps=5"],
            "--steps 5 and --epochs 2 both set the training length",
            id="two lengths",
        ),
        pytest.param(["--set", "widht=3"], "did you mean 'width'?", id="misspelt"),
        pytest.param(["--device", "gpu"], "'gpu' is not one of 'cpu', 'cuda'", id="device"),
        pytest.param(["-o", "w.json"], "'w.json' cannot hold weights", id="not safetensors"),
    ],
)
def test_says_what_is_wrong(
    manifest: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = CliRunner().invoke(
        main,
        command("nafp", manifest, tmp_path / "w.safetensors", *arguments),
    )
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.slow
def test_says_that_a_recipe_is_not_utf8(manifest: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "latin.toml"
    recipe.write_bytes("# größer\nwidth = 1".encode("latin-1"))
    arguments = command("nafp", manifest, tmp_path / "w.safetensors", "--recipe", str(recipe))
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert f"recipe '{recipe}' is not UTF-8: invalid start byte at byte 4" in result.stderr


@pytest.mark.slow
def test_a_plugin_of_one_file_has_its_defaults_for_a_recipe(
    manifest: Path, tmp_path: Path, lone_plugin: Path
) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "published.toml").write_text("belongs = 'to another'")
    out = tmp_path / "w.safetensors"
    arguments = command(f"plugin:{lone_plugin}", manifest, out)
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "belongs" not in json.loads(out.with_suffix(".json").read_text())["settings"]
    result = CliRunner().invoke(main, [*arguments, "--recipe", "small"])
    assert result.exit_code == 2
    assert "'mine' has no recipe called 'small'" in result.stderr
    assert "only its defaults" in result.stderr


@pytest.mark.parametrize("epochs", [["--epochs", "2"], ["--set", "epochs=2"]])
@pytest.mark.slow
def test_epochs_replace_the_steps_of_a_recipe(
    manifest: Path, tmp_path: Path, lone_plugin: Path, epochs: list[str]
) -> None:
    recipe, out = tmp_path / "short.toml", tmp_path / "w.safetensors"
    recipe.write_text("steps = 5\nlr = 1.0")
    arguments = command(f"plugin:{lone_plugin}", manifest, out, "--recipe", str(recipe), *epochs)
    assert CliRunner().invoke(main, arguments).exit_code == 0
    settings = json.loads(out.with_suffix(".json").read_text())["settings"]
    assert (settings["epochs"], settings["lr"]) == ("2", "1.0")
    assert "steps" not in settings


@pytest.mark.slow
def test_the_cache_of_the_environment_is_handed_to_plugins(
    manifest: Path, tmp_path: Path, lone_plugin: Path
) -> None:
    out, cache = tmp_path / "w.safetensors", str(tmp_path / "elsewhere")
    options = ["--fingerprinter", f"plugin:{lone_plugin}", "-o", str(out), "--dataset"]
    runner = CliRunner(env={"FPBENCH_CACHE": cache})
    result = runner.invoke(main, ["train", *options, f"manifest:{manifest}"])
    assert result.exit_code == 0, result.output
    assert json.loads(out.with_suffix(".json").read_text())["settings"]["cache"] == "elsewhere"
    result = runner.invoke(main, ["train", *options, f"plugin:{lone_plugin}"])
    assert f"cache is {cache}" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "doing"), [("start", "starting to train 'mine'"), ("step 1", "taking training step")]
)
def test_blames_a_plugin_that_fails(
    manifest: Path, tmp_path: Path, lone_plugin: Path, point: str, doing: str
) -> None:
    (tmp_path / "stop").write_text(point)
    arguments = command(f"plugin:{lone_plugin}", manifest, tmp_path / "w.safetensors")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert f"plugin '{lone_plugin}' failed while {doing}" in result.stderr
    assert "OSError: stopped" in result.stderr


@pytest.mark.slow
def test_does_not_go_on_with_other_audio(manifest: Path, tmp_path: Path, lone_plugin: Path) -> None:
    audio = tmp_path / "audio"
    shutil.copytree(manifest.parent, audio)
    arguments = command(f"plugin:{lone_plugin}", audio / manifest.name, tmp_path / "w.safetensors")
    (tmp_path / "stop").write_text("step 1")
    CliRunner().invoke(main, [*arguments, "--checkpoint-every", "0"])
    (tmp_path / "stop").unlink()
    # Held out, learnt from, noise and a room.
    for changed in ("music0", "music1", "noise0", "ir0"):
        path = audio / f"{changed}.wav"
        before = path.read_bytes()
        samples, rate_hz = soundfile.read(path)
        soundfile.write(path, samples[::-1], rate_hz)
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2, changed
        assert "belongs to a training with other settings or audio" in result.stderr
        path.write_bytes(before)
    assert CliRunner().invoke(main, arguments).exit_code == 0


@pytest.mark.slow
def test_goes_on_from_weights(manifest: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    small = options("nafp")
    CliRunner().invoke(main, command("nafp", manifest, first, *small), catch_exceptions=False)
    still = ["--weights", str(first), "--set", "lr=1e-30"]
    result = CliRunner().invoke(main, command("nafp", manifest, second, *small, *still))
    assert result.exit_code == 0, result.output
    before, after = load_weights(first, "nafp")[0], load_weights(second, "nafp")[0]
    assert all(np.array_equal(before[name], after[name]) for name in before)
    info = read_info(second)
    assert info.source == "fpbench train, 3 steps, seed 0, from first.safetensors"
    assert info.source_sha256 == file_sha256(first)


@pytest.mark.slow
def test_never_writes_over_the_weights_it_starts_from(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    small = options("nafp")
    CliRunner().invoke(main, command("nafp", manifest, out, *small), catch_exceptions=False)
    before = out.read_bytes()
    result = CliRunner().invoke(main, command("nafp", manifest, out, *small, "--weights", str(out)))
    assert result.exit_code == 2
    assert "--weights and --out are the same file" in result.stderr
    assert out.read_bytes() == before


def test_never_writes_over_what_is_no_report_of_a_training(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    out.with_suffix(".json").write_text('{"schema_version": 1}')
    result = CliRunner().invoke(main, command("nafp", manifest, out, *options("nafp")))
    assert result.exit_code == 2
    assert "w.json would be replaced by the curves of this training" in result.stderr
    assert "choose another --out" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["w.json"]
    assert out.with_suffix(".json").read_text() == '{"schema_version": 1}'


@pytest.mark.slow
def test_a_second_training_replaces_the_first_and_its_curves(
    manifest: Path, tmp_path: Path
) -> None:
    out = tmp_path / "w.safetensors"
    for seed in ("1", "2"):
        arguments = command("nafp", manifest, out, *options("nafp"), "--seed", seed)
        CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert json.loads(out.with_suffix(".json").read_text())["settings"]["seed"] == 2


@pytest.mark.slow
def test_refuses_weights_of_another_size(manifest: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    CliRunner().invoke(main, command("nafp", manifest, first, *options("nafp")))
    wider = ["--weights", str(first), *options("nafp")]
    wider[wider.index("width=1")] = "width=2"
    result = CliRunner().invoke(main, command("nafp", manifest, second, *wider))
    assert result.exit_code == 2
    assert "first.safetensors was made with width=1, and this recipe has width=2" in result.stderr
    assert not second.exists()


@pytest.mark.slow
def test_weights_can_be_used_before_the_end(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    endless = [f"steps={10**6}" if text.startswith("steps=") else text for text in options("nafp")]
    endless += ["--checkpoint-every", "0"]
    arguments = command("nafp", manifest, out, *endless)
    with subprocess.Popen([sys.executable, "-m", "fpbench", *arguments]) as training:
        deadline = time.monotonic() + 120
        while not out.with_suffix(".png").exists() and time.monotonic() < deadline:
            assert training.poll() is None
            time.sleep(0.1)
        training.kill()
    assert re.fullmatch(r"fpbench train, \d+ of 1000000 steps, seed 0", read_info(out).source)
    Catalog.load().fingerprinter("nafp", Settings(weights=out))
    assert json.loads(out.with_suffix(".json").read_text())["losses"]
