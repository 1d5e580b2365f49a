"""The recordings that noise and reverb borrow: a folder the recipe names, or the dataset's."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from fpbench import FpbenchError, Samples, Track
from fpbench.audio.folders import audio_below
from fpbench.audio.reading import read_audio


def find_recordings(folder: str | None, of_dataset: Sequence[Track]) -> list[Path]:
    """What :func:`audio_below` finds in ``folder``, or the dataset's recordings if it is None.

    Raises:
        FpbenchError: The folder has no audio files.
    """
    if folder is None:
        return [track.path for track in of_dataset]
    found = audio_below(Path(folder).expanduser())
    if not found:
        raise FpbenchError(f"no audio files in '{folder}'", hint="correct the setting 'folder'")
    return found


@lru_cache(maxsize=256)  # a few seconds each; drawn again and again
def load_recording(path: Path, sample_rate_hz: int) -> Samples:
    """One file, read-only because it is shared between queries.

    Raises:
        FpbenchError: It cannot be read.
    """
    samples = read_audio(path, sample_rate_hz)
    samples.flags.writeable = False
    return samples


def require_range(name: str, low: float, high: float) -> None:
    """Refuse a range that is upside down or not finite.

    Raises:
        ValueError: It is.
    """
    if not -1e6 < low <= high < 1e6:
        raise ValueError(f"min_{name}={low} and max_{name}={high} are no range")
