"""Opens a recording and hands out the samples that its decoder returns, and no others."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float32

from fpbench.errors import FpbenchError

Block = Float32[np.ndarray, "frames channels"]

FRAMES_AT_ONCE = 1 << 18

_UNKNOWN_FRAMES = (1 << 63) - 1  # libsndfile's value for a FLAC header without a length


@dataclass(frozen=True, slots=True)
class Recording:
    """An open recording.

    Args:
        path: Path of the file.
        container: Format of the file by its contents, in libsndfile's words, such as ``WAV``.
        sample_rate_hz: Sample rate, from the header; any number above 0.
        channels: Number of channels, from the header.
        announced_frames: Number of samples per channel that the header gives; None if it gives
            none. It may be a guess: the length of a recording is what :meth:`blocks` hand out.
        decoder: Name and version of what decodes the file, for cache keys.
    """

    path: Path
    container: str
    sample_rate_hz: int
    channels: int
    announced_frames: int | None
    decoder: str
    _file: soundfile.SoundFile

    def blocks(self) -> Iterator[Block]:
        """Decode the recording from where the last block ended, in blocks of bounded size.

        Raises:
            FpbenchError: The decoder refuses what it finds.
        """
        # Not SoundFile.blocks(): if a decoder returns less than its header announces, that hands
        # out the rest of its buffer, too, which is memory that nobody wrote.
        with _name_in_errors(self.path):
            while len(block := self._file.read(FRAMES_AT_ONCE, "float32", always_2d=True)):
                yield block


@contextmanager
def open_recording(path: Path) -> Iterator[Recording]:
    """Open a recording. Its contents determine the format, not its name.

    Raises:
        FpbenchError: The file is missing, empty or no audio.
    """
    with _name_in_errors(path):
        refuse_special_files(path)
        # Bytes, because soundfile refuses text that is not UTF-8, such as old file names.
        file = soundfile.SoundFile(os.fsencode(path))
    with file:
        yield Recording(
            path=path,
            container=file.format,
            sample_rate_hz=file.samplerate,
            channels=file.channels,
            announced_frames=None if file.frames == _UNKNOWN_FRAMES else file.frames,
            decoder=f"libsndfile {soundfile.__libsndfile_version__}",
            _file=file,
        )


def refuse_special_files(path: Path) -> None:
    """Refuse what is no regular file: to open a pipe can wait forever, and it is read only once.

    Raises:
        OSError: The path leads to nothing, a folder, a pipe, a device or an empty file.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise OSError("it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is a pipe or a device, not a file")
    if status.st_size == 0:
        raise OSError("it is empty")


def announced_duration_s(path: Path) -> float:
    """Duration that a file's header gives, in seconds; 0 if it gives none.

    Raises:
        FpbenchError: The file is missing, empty or no audio.
    """
    with open_recording(path) as recording:
        if recording.announced_frames is None:
            return 0.0
        return recording.announced_frames / recording.sample_rate_hz


@contextmanager
def _name_in_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (soundfile.SoundFileError, OSError, RuntimeError) as err:
        raise FpbenchError(
            f"cannot read {path}: {_why_unreadable(path, err)}",
            hint="use a complete wav, flac, ogg or mp3 file",
        ) from err


def _why_unreadable(path: Path, err: Exception) -> str:
    if isinstance(err, FileNotFoundError):
        return "there is no such file"
    if isinstance(err, OSError):
        return err.strerror or str(err)
    # libsndfile puts its version of the file name before the reason.
    return str(err).rpartition(": ")[2].strip().rstrip(".") or type(err).__name__
