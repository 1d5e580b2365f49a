"""Recordings for noise and reverberation, from a folder in the query recipe or from the dataset."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from fpbench import FpbenchError, Samples, Track
from fpbench.audio.folders import audio_below
from fpbench.audio.reading import read_audio


def find_recordings(folder: str | None, of_dataset: Sequence[Track]) -> list[Path]:
    """Find the audio files below ``folder``, or take the dataset's recordings if it is None.

    Raises:
        FpbenchError: There are no audio files below the folder.
    """
    if folder is None:
        return [track.path for track in of_dataset]
    found = audio_below(Path(folder).expanduser())
    if not found:
        raise FpbenchError(f"no audio files in '{folder}'", hint="correct the setting 'folder'")
    return found


@lru_cache(maxsize=256)  # a few seconds each, and drawn many times
def load_recording(path: Path, sample_rate_hz: int) -> Samples:
    """Read a file into an array, which is read-only because queries share it.

    Raises:
        FpbenchError: The file cannot be read.
    """
    samples = read_audio(path, sample_rate_hz)
    samples.flags.writeable = False
    return samples


def require_range(name: str, low: float, high: float) -> None:
    """Refuse a range whose ends are in the wrong order or not finite.

    Raises:
        ValueError: The range is refused.
    """
    if not -1e6 < low <= high < 1e6:
        raise ValueError(f"min_{name}={low} and max_{name}={high} must be finite and in this order")
