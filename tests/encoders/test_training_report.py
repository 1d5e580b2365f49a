"""The report of a training, beside its weights."""

import json
from pathlib import Path

import numpy as np

from fpbench import TrainingAudio
from fpbench.encoders.training import TrainingProgress
from fpbench.encoders.training_report import report_path, write_report


def test_it_has_the_audio_and_the_curves(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    hour = np.zeros(3600, dtype=np.int16)
    audio = TrainingAudio(
        music=[hour, hour], held_out=[hour], noise=[hour[:1800]], impulse_responses=[]
    )
    progress = TrainingProgress(
        step=2, losses=[2.0, 1.0], validations=[(2, 0.5)], seconds=3.0, saved=True
    )
    settings = {"width": 3, "weights": None, "fingerprinter": "plugin:/home/ann/mymodel.py"}
    write_report(weights, progress, settings, audio, sample_rate_hz=1)
    assert report_path(weights) == tmp_path / "w.json"
    assert json.loads((tmp_path / "w.json").read_text()) == {
        "settings": {"width": 3, "weights": None, "fingerprinter": "plugin:mymodel.py"},
        "audio": {
            "music": {"recordings": 2, "hours": 2.0},
            "held_out": {"recordings": 1, "hours": 1.0},
            "noise": {"recordings": 1, "hours": 0.5},
            "impulse_responses": {"recordings": 0, "hours": 0.0},
        },
        "losses": [2.0, 1.0],
        "validations": [{"step": 2, "hit_rate": 0.5}],
        "seconds": 3.0,
    }
