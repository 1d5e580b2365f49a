"""Generates demo recordings in several processes.

NumPy's small operations hold the interpreter's lock in between, so that two threads are no faster
than one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fpbench import FpbenchError, Samples, Stream, rng_at
from fpbench.cache import seal
from fpbench.files import atomic_file, make_folder
from fpbench.prefetch import default_workers
from fpbench.python_processes import start_python
from fpbench_plugins.demo_music.flac import encode_flac
from fpbench_plugins.demo_music.noises_and_rooms import NOISES, background, impulse_response
from fpbench_plugins.demo_music.recording import make_track

KINDS = (
    "reference",
    "distractors",
    "train",
    "noise",
    "ir",
    "train_noise",
    "train_ir",
)
"""Kinds of recordings, and their folders. The order decides all random numbers: append only."""

_LEAST_EACH = 8  # recordings, which take longer than the start of a process
_SERVE = f"from {__name__} import serve; serve()"


@dataclass(frozen=True, slots=True)
class DemoRecording:
    """A file of the library, which exists or is to be generated."""

    kind: str
    number: int
    path: Path

    @property
    def key(self) -> str:
        """Identifies its content: version and seed of the library, kind and number."""
        return "/".join(self.path.parts[-3:])


def count_processes(recordings: int) -> int:
    """Processes that generate so many recordings; 1 is this process."""
    return max(1, min(default_workers(), recordings // _LEAST_EACH))


def make_recordings(recordings: Sequence[DemoRecording], music_seed: int) -> Iterator[Path]:
    """Generate recordings, and yield each path when the file is complete.

    Raises:
        FpbenchError: A file cannot be written, or a process died.
    """
    count = count_processes(len(recordings))
    if count == 1:
        for recording in recordings:
            _make(recording, music_seed)
            yield recording.path
        return
    read_end, write_end = os.pipe()
    with ExitStack() as stack:
        answers = stack.enter_context(os.fdopen(read_end, encoding="ascii"))
        try:
            processes = [
                stack.enter_context(_start_process(recordings[part::count], music_seed, write_end))
                for part in range(count)
            ]
        finally:
            os.close(write_end)  # so that the answers end with the last process
        for line in answers:
            answer = json.loads(line)
            if "error" in answer:
                raise FpbenchError(answer["error"], hint=answer["hint"])
            yield Path(answer["made"])
        for process in processes:
            if status := process.wait():
                raise FpbenchError(
                    f"a process that made demo music has died with status {status}",
                    hint="often it is too little memory; run the same command again, and it goes "
                    "on where it stopped",
                )


@contextmanager
def _start_process(
    recordings: Sequence[DemoRecording], music_seed: int, answers: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that generates recordings; it ends with the block at the latest.

    Args:
        answers: File descriptor for a line of JSON from each recording; all processes share it.
    """
    orders = {
        "music_seed": music_seed,
        "recordings": [[one.kind, one.number, os.fspath(one.path)] for one in recordings],
    }
    with start_python(_SERVE, {**os.environ, "OMP_NUM_THREADS": "1"}, stdout=answers) as process:
        with suppress(BrokenPipeError), _opened(process.stdin) as stream:  # if it has died
            stream.write(json.dumps(orders).encode())
        yield process


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("a process without a pipe cannot be asked")
    return stream


def serve() -> None:
    """Generate the recordings that the standard input names, for :func:`make_recordings`."""
    orders = json.load(sys.stdin)
    with suppress(BrokenPipeError):  # nobody waits for the rest
        for kind, number, path in orders["recordings"]:
            try:
                _make(DemoRecording(kind, number, Path(path)), orders["music_seed"])
            except FpbenchError as err:
                _answer({"error": err.message, "hint": err.hint})
                return
            _answer({"made": path})


def _answer(answer: Mapping[str, Any]) -> None:
    os.write(sys.stdout.fileno(), f"{json.dumps(answer)}\n".encode("ascii"))  # whole, up to 4 kB


def _make(recording: DemoRecording, music_seed: int) -> None:
    write_flac(recording.path, make_sound(recording.kind, recording.number, music_seed))
    seal(recording.path, recording.key)


def make_sound(kind: str, number: int, music_seed: int) -> Samples:
    """Generate a recording. It depends on these three arguments only."""
    rng = rng_at(music_seed, Stream.DEMO_MUSIC, KINDS.index(kind), number)
    if kind.endswith("noise"):
        return background(NOISES[number % len(NOISES)], rng)
    if kind.endswith("ir"):
        return impulse_response(rng)
    return make_track(rng)


def write_flac(path: Path, samples: Samples) -> None:
    """Write a 16-bit FLAC file, completely or not at all.

    Raises:
        FpbenchError: The file cannot be written.
    """
    make_folder(path.parent)
    with atomic_file(path) as file:
        file.write(encode_flac(samples))
