"""A training is prepared by name, writes weights and report, and continues after a stop."""

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from fpbench import FpbenchError, Settings
from fpbench.cache import Store
from fpbench.encoders.fingerprinter_training import FingerprinterTraining, prepare_training
from fpbench.encoders.training import TrainingSchedule
from fpbench.plugin.catalog import Catalog

PLUGIN = """
import numpy as np
from fpbench import Entry, hookimpl

@hookimpl
def fpbench_trainables():
    return [Entry(name="counter", summary="counts its steps", create=Counter)]

class Counter:
    sample_rate_hz, steps = 8_000, 4

    def __init__(self, settings):
        self.description = dict(settings.options)
        self.count = np.zeros(1)

    def start(self, audio):
        self.n_tracks = len(audio.music)
        return self

    def step(self, number):
        self.count = self.count * 10 + number + 1
        return 1.0 / (number + 1)

    def pairs(self, n):
        return np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)

    def state(self):
        return {"count": self.count}

    def restore(self, state):
        self.count = state["count"]

    def save(self, path, done):
        path.write_text(f"{self.count[0]:g} after {done}, from {self.n_tracks} tracks")
"""


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., FingerprinterTraining]:
    """Prepares the plugin's training on a little noise."""
    rng = np.random.default_rng(0)
    rows = ["path,kind,split"]
    for kind, count in (("music", 3), ("noise", 1), ("ir", 1)):
        for i in range(count):
            soundfile.write(tmp_path / f"{kind}{i}.wav", rng.normal(0, 0.1, 800), 8_000)
            rows.append(f"{kind}{i}.wav,{kind},train")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    (tmp_path / "counter.py").write_text(PLUGIN)

    def prepare(out: str = "w.safetensors", **changes: Any) -> FingerprinterTraining:
        return prepare_training(
            f"plugin:{tmp_path / 'counter.py'}",
            f"manifest:{tmp_path / 'manifest.csv'}",
            tmp_path / out,
            catalog=Catalog.load(),
            store=Store(tmp_path / "cache"),
            settings=Settings(**changes),
            schedule=TrainingSchedule(validate_every=2, checkpoint_every_s=0.0),
        )

    return prepare


@pytest.mark.slow
def test_writes_weights_and_their_report(
    prepare: Callable[..., FingerprinterTraining], tmp_path: Path
) -> None:
    *_, last = prepare(options={"colour": "red"}, seed=3).run()
    assert (last.step, [step for step, _ in last.validations]) == (4, [2, 4])
    assert (tmp_path / "w.safetensors").read_text() == "1234 after 4, from 2 tracks"
    report = json.loads((tmp_path / "w.json").read_text())
    assert report["settings"]["colour"] == "red"
    assert (report["settings"]["seed"], report["settings"]["dtype"]) == (3, "float32")
    assert not list(tmp_path.glob("*.checkpoint"))


@pytest.mark.slow
def test_weights_exist_when_saved_is_true(
    prepare: Callable[..., FingerprinterTraining], tmp_path: Path
) -> None:
    for progress in prepare().run():
        if progress.saved:
            text = (tmp_path / "w.safetensors").read_text()
            assert text.endswith(f"after {progress.step}, from 2 tracks")


@pytest.mark.slow
def test_a_stopped_training_continues_to_the_same_bytes(
    prepare: Callable[..., FingerprinterTraining], tmp_path: Path
) -> None:
    list(islice(prepare().run(), 3))
    assert list(tmp_path.glob("*.checkpoint"))
    *_, last = prepare().run()
    assert last.losses == [1.0, 1 / 2, 1 / 3, 1 / 4]
    assert (tmp_path / "w.safetensors").read_text() == "1234 after 4, from 2 tracks"


@pytest.mark.slow
def test_a_kill_leaves_no_curves_of_other_weights(
    prepare: Callable[..., FingerprinterTraining], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(prepare().run())
    (tmp_path / "w.png").touch()

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fpbench.encoders.fingerprinter_training.write_report", kill)
        with pytest.raises(KeyboardInterrupt):
            list(prepare().run())
    assert sorted(path.name for path in tmp_path.glob("w.*")) == [
        "w.safetensors",
        "w.safetensors.checkpoint",
    ]


@pytest.mark.slow
def test_a_checkpoint_of_other_settings_is_refused(
    prepare: Callable[..., FingerprinterTraining],
) -> None:
    list(islice(prepare().run(), 3))
    with pytest.raises(FpbenchError, match="other settings or audio"):
        list(prepare(seed=1).run())


@pytest.mark.slow
def test_the_output_must_be_a_weights_file(
    prepare: Callable[..., FingerprinterTraining], tmp_path: Path
) -> None:
    with pytest.raises(FpbenchError, match=r"'.*w\.pt' cannot hold weights"):
        prepare("w.pt")
    first = tmp_path / "w.safetensors"
    first.write_text("weights")
    with pytest.raises(FpbenchError, match="--weights and --out are the same file"):
        prepare(weights=first)
    (tmp_path / "w.json").write_text("{}")
    with pytest.raises(FpbenchError, match="would be replaced by the curves of this training"):
        prepare()
