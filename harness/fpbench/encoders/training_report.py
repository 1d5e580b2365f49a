"""The report of a training, a JSON file beside the weights: settings, audio, losses, hit rates."""

from collections.abc import Mapping
from pathlib import Path

from fpbench.encoders.training import TrainingProgress
from fpbench.files import write_json
from fpbench.folder_names import change_texts, without_folders
from fpbench.plugin.training import TrainingAudio


def write_report(
    path: Path,
    progress: TrainingProgress,
    settings: Mapping[str, bool | int | float | str | None],
    audio: TrainingAudio,
    sample_rate_hz: int,
) -> None:
    """Write the report beside the weights file ``path``, as ``.json``.

    Args:
        settings: All settings that change the weights.
    """
    recordings = {
        "music": audio.music,
        "held_out": audio.held_out,
        "noise": audio.noise,
        "impulse_responses": audio.impulse_responses,
    }
    document = {
        "settings": change_texts(settings, without_folders),
        "audio": {
            name: {
                "recordings": len(samples),
                "hours": round(sum(map(len, samples)) / sample_rate_hz / 3600, 4),
            }
            for name, samples in recordings.items()
        },
        "losses": progress.losses,
        "validations": [{"step": step, "hit_rate": rate} for step, rate in progress.validations],
        "seconds": progress.seconds,
    }
    write_json(report_path(path), document)


def report_path(path: Path) -> Path:
    """Path of the report of weights file ``path``."""
    return path.with_suffix(".json")
