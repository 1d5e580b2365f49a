"""Keeps the demo recordings in the cache, and generates those that are missing."""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from fpbench import (
    Dataset,
    PendingFiles,
    Report,
    Settings,
    Track,
    apply_options,
)
from fpbench.cache import Store, is_intact
from fpbench.prefetch import map_ahead
from fpbench_plugins.demo_music.making import (
    KINDS,
    DemoRecording,
    count_processes,
    make_recordings,
    make_sound,
)
from fpbench_plugins.demo_music.recording import TRACK_S

logger = logging.getLogger(__name__)

_TRACK_BYTES, _SHORT_BYTES = 720_000, 300_000  # average sizes of FLAC files
_TYPICAL = 7  # a reference track that takes as long as the average


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoConfig:
    """Number of recordings of each kind.

    A larger number does not change the recordings that a smaller number has, too.

    Args:
        reference: Tracks that queries are taken from.
        distractors: Tracks that answer no query.
        train: Tracks for training.
        noises: Noises for queries, and as many others for training.
        rooms: Impulse responses for queries, and as many others for training.
        music_seed: Another seed gives another library. The seed of the run does not change it.
    """

    reference: int
    distractors: int
    train: int
    noises: int
    rooms: int
    music_seed: int

    def __post_init__(self) -> None:
        counts = (self.reference, self.distractors, self.train, self.noises, self.rooms)
        if min(*counts, self.music_seed) < 0:
            raise ValueError("counts and music_seed must be at least 0")


DEFAULTS = DemoConfig(reference=100, distractors=200, train=100, noises=14, rooms=12, music_seed=0)


def open_dataset(settings: Settings) -> Dataset:
    """The demo library. Recordings that the cache lacks are pending: a run makes them."""
    config = apply_options(DEFAULTS, settings.options)
    cache = settings.cache_dir or Store.open().root
    by_kind = list_recordings(cache / f"demo-{config.music_seed}-{version()}", config)
    recordings = [recording for some in by_kind.values() for recording in some]
    intact = map_ahead(lambda recording: is_intact(recording.path, recording.key), recordings)
    missing = [each for each, is_there in zip(recordings, intact, strict=True) if not is_there]
    return Dataset(
        name="demo",
        reference=to_tracks(by_kind["reference"]),
        distractors=to_tracks(by_kind["distractors"]),
        train=to_tracks(by_kind["train"]),
        noise=to_tracks(by_kind["noise"]),
        impulse_responses=to_tracks(by_kind["ir"]),
        train_noise=to_tracks(by_kind["train_noise"]),
        train_impulse_responses=to_tracks(by_kind["train_ir"]),
        pending=pending_files(missing, config.music_seed) if missing else None,
    )


def pending_files(missing: Sequence[DemoRecording], music_seed: int) -> PendingFiles:
    """Description of the recordings that are to be generated."""

    def make(report: Report) -> None:
        logger.info("generating %d recordings in %s", len(missing), missing[0].path.parents[1])
        for done, _ in enumerate(make_recordings(missing, music_seed), start=1):
            report(done / len(missing), f"{done} of {len(missing)} recordings")

    def estimate_s() -> float:
        start = time.perf_counter()
        make_sound("reference", _TYPICAL, music_seed)
        one_s = time.perf_counter() - start
        music = sum(not _is_short(recording) for recording in missing)
        return one_s * music / count_processes(len(missing))

    size_bytes = sum(_SHORT_BYTES if _is_short(one) else _TRACK_BYTES for one in missing)
    return PendingFiles(
        what="demo music",
        count=len(missing),
        size_bytes=size_bytes,
        estimate_s=estimate_s,
        make=make,
    )


def _is_short(recording: DemoRecording) -> bool:
    return recording.kind.endswith(("noise", "ir"))


def list_recordings(folder: Path, config: DemoConfig) -> dict[str, list[DemoRecording]]:
    """List all recordings of the library, by kind."""
    around = (config.noises, config.rooms)
    counts = (config.reference, config.distractors, config.train, *around, *around)
    return {
        kind: [DemoRecording(kind, i, folder / kind / f"{i:04d}.flac") for i in range(count)]
        for kind, count in zip(KINDS, counts, strict=True)
    }


def to_tracks(recordings: Sequence[DemoRecording]) -> list[Track]:
    """Convert to the harness's type."""
    return [
        Track(
            name=f"{r.kind}/{r.path.name}",
            path=r.path,
            duration_s=0.0 if _is_short(r) else TRACK_S,
        )
        for r in recordings
    ]


def version() -> str:
    """A hash of the code that generates the music: other code gives another library."""
    digest = hashlib.blake2b(digest_size=6)
    package = resources.files("fpbench_plugins.demo_music")
    for name in sorted(f.name for f in package.iterdir() if f.name.endswith(".py")):
        if name not in {"__init__.py", "library.py", "making.py"}:
            digest.update(package.joinpath(name).read_bytes())
    return digest.hexdigest()
