"""What a training leaves beside its weights: the curves, as numbers and as a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from fpbench.encoders.training import Progress
from fpbench.files import atomic_file, write_json
from fpbench.plugin.training import TrainingAudio

_SMOOTHING = 50  # steps; single losses scatter too much to be read


def write_report(
    path: Path,
    progress: Progress,
    settings: Mapping[str, bool | int | float | str | None],
    audio: TrainingAudio,
    sample_rate_hz: int,
) -> None:
    """Write the curves of weights ``path`` beside it, as ``.json`` and ``.png``.

    Args:
        settings: Whatever shaped the weights.
    """
    recordings = {
        "music": audio.music,
        "held_out": audio.held_out,
        "noise": audio.noise,
        "impulse_responses": audio.impulse_responses,
    }
    document = {
        "settings": dict(settings),
        "audio": {
            name: {
                "recordings": len(found),
                "hours": round(sum(map(len, found)) / sample_rate_hz / 3600, 4),
            }
            for name, found in recordings.items()
        },
        "losses": progress.losses,
        "validations": [{"step": step, "hit_rate": rate} for step, rate in progress.validations],
        "seconds": progress.seconds,
    }
    write_json(report_path(path), document)
    draw_curves(path.with_suffix(".png"), progress)


def report_path(path: Path) -> Path:
    """Where the numbers of weights ``path`` are."""
    return path.with_suffix(".json")


def draw_curves(path: Path, progress: Progress) -> None:
    """Loss and validation hit rate against steps."""
    # Imported here: matplotlib takes half a second, which no other command should wait for.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    loss_axes, rate_axes = figure.subplots(1, 2)
    smooth = smoothed(np.array(progress.losses, dtype=np.float64))
    loss_axes.plot(np.arange(1, len(smooth) + 1), smooth)
    loss_axes.set(xlabel="step", ylabel=f"loss, mean of {_SMOOTHING} steps", yscale="log")
    loss_axes.yaxis.set_major_formatter("{x:g}")
    loss_axes.yaxis.set_minor_formatter("{x:g}")
    if progress.validations:
        steps, rates = zip(*progress.validations, strict=True)
        rate_axes.plot(steps, [100 * rate for rate in rates], marker=".")
    rate_axes.set(xlabel="step", ylabel="HR@1 of the mini-search, %", ylim=(0, 100))
    with atomic_file(path) as file:
        figure.savefig(file, format="png", dpi=120, metadata={"Software": None})


def smoothed(losses: Float64[np.ndarray, " steps"]) -> Float64[np.ndarray, " steps"]:
    """The mean of each value and up to :data:`_SMOOTHING` - 1 before it."""
    sums = np.concatenate(([0.0], np.cumsum(losses)))
    steps = np.arange(1, len(losses) + 1)
    first = np.maximum(steps - _SMOOTHING, 0)
    means: Float64[np.ndarray, " steps"] = (sums[steps] - sums[first]) / (steps - first)
    return means
