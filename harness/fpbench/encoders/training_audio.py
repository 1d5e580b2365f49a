"""Audio for training: decoded once into the cache, then mapped into memory."""

import json
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from fpbench.audio.decoding import decoders
from fpbench.audio.reading import read_ahead, track_hash
from fpbench.audio.survey import Surveys, survey_recordings
from fpbench.cache import Store, is_intact, seal
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Dataset, Track
from fpbench.plugin.fingerprinters import Samples
from fpbench.plugin.training import PcmAudio, TrainingAudio
from fpbench.prefetch import map_ahead
from fpbench.progress import Stage
from fpbench.progress_display import hide_progress
from fpbench.randomness import Stream, rng_at

HELD_OUT_SHARE = 1 / 16
"""Share of the training tracks that is held out for validation, at least one track."""

_KIND = "training-audio"

logger = logging.getLogger(__name__)


def training_audio(
    dataset: Dataset, sample_rate_hz: int, *, seed: int, store: Store, stage: Stage = hide_progress
) -> TrainingAudio:
    """The train split of ``dataset``, decoded and mapped into memory.

    Recordings that cannot be read, are silent or have channels that cancel are left out with a
    warning.

    Args:
        seed: Seed that chooses the tracks held out for validation.
        store: Cache for the decoded audio, 2 bytes per sample.
        stage: Shows progress.

    Raises:
        FpbenchError: There are fewer than two training tracks, or no noise, or no impulse
            responses.
    """
    lists = {
        "music": (dataset.train, 2),
        "noise": (dataset.train_noise, 1),
        "impulse responses": (dataset.train_impulse_responses, 1),
    }
    with stage("read recordings") as report:
        tracks = [track for some, _ in lists.values() for track in some]
        surveys = survey_recordings(store, tracks, report)
    usable = {what: _usable(some, surveys) for what, (some, _) in lists.items()}
    for what, (some, at_least) in lists.items():
        if len(usable[what]) < at_least:
            left_out = len(some) - len(usable[what])
            raise FpbenchError(
                f"dataset '{dataset.name}' has {len(usable[what])} recordings of {what} for "
                "training" + (f", besides {left_out} that are left out" if left_out else ""),
                hint=f"use manifest:FILE.csv with a split called train that has at least "
                f"{at_least}",
            )
    music, held_out = split_held_out(usable["music"], seed)
    uses = {
        "music": music,
        "held_out": held_out,
        "noise": usable["noise"],
        "impulse_responses": usable["impulse responses"],
    }
    keys = {name: audio_key(tracks, sample_rate_hz) for name, tracks in uses.items()}
    recordings = {
        name: decode_tracks(uses[name], sample_rate_hz, store, keys[name]) for name in keys
    }
    return TrainingAudio(**recordings, key=content_key(**keys))


def _usable(tracks: Sequence[Track], surveys: Surveys) -> list[Track]:
    """The tracks that hold sound, with a warning for each of the others."""
    for track in tracks:
        survey = surveys[track]
        if survey.why_unusable:
            logger.warning("left out %s: %s", track.name, survey.why_unusable)
        elif survey.channels_nearly_cancel:
            logger.warning(
                "the channels of %s nearly cancel: their mean is %.0f dB below them; --channel "
                "left, right or loudest takes one of them",
                track.name,
                survey.cancelled_db,
            )
    return [track for track in tracks if surveys[track].why_unusable is None]


def split_held_out(tracks: Sequence[Track], seed: int) -> tuple[list[Track], list[Track]]:
    """The tracks for training and the held-out tracks, both in their original order."""
    n_held_out = max(1, round(len(tracks) * HELD_OUT_SHARE))
    order = rng_at(seed, Stream.TRAINING, 0).permutation(len(tracks))
    held_out = set(order[:n_held_out].tolist())
    return (
        [track for i, track in enumerate(tracks) if i not in held_out],
        [track for i, track in enumerate(tracks) if i in held_out],
    )


def audio_key(tracks: Sequence[Track], sample_rate_hz: int) -> str:
    """Cache key of decoded tracks: equal for equal files in the same order, and equal decoders.

    Raises:
        FpbenchError: A file cannot be read.
    """
    return content_key(
        code=code_key(__name__),
        decoders=sorted(decoders()),
        sample_rate_hz=sample_rate_hz,
        audio=list(map_ahead(track_hash, tracks)),
    )


def decode_tracks(
    tracks: Sequence[Track], sample_rate_hz: int, store: Store, key: str
) -> list[PcmAudio]:
    """All tracks as 16-bit samples, from the cache if they were decoded before.

    Tracks that cannot be read or are silent are left out with a warning.

    Args:
        key: The tracks' :func:`audio_key`.

    Raises:
        FpbenchError: None of the tracks can be used.
    """
    data, index = store.path(_KIND, key, ".pcm"), store.path(_KIND, key, ".json")
    if not (is_intact(index, index.name) and is_intact(data, data.name)):
        make_folder(data.parent)
        if _decode(tracks, sample_rate_hz, data, index):
            for path in (data, index):
                seal(path, path.name)
    ends = json.loads(index.read_text(encoding="utf-8"))
    samples = np.memmap(data, dtype=np.int16, mode="r")
    return [samples[start:stop] for start, stop in pairwise([0, *ends])]


def _decode(tracks: Sequence[Track], sample_rate_hz: int, data: Path, index: Path) -> bool:
    """Write all samples and where tracks end; False if a track could not be read this time."""
    ends: list[int] = []
    complete = True
    with atomic_file(data) as file:
        for reading in read_ahead(tracks, sample_rate_hz):
            if reading.samples is None:
                logger.warning("left out %s: %s", reading.track.name, reading.reason)
                complete = complete and not reading.failed
                continue
            ends.append((ends[-1] if ends else 0) + len(reading.samples))
            file.write(_as_pcm16(reading.samples).tobytes())
        if not ends:
            raise FpbenchError(
                f"none of {len(tracks)} recordings for training can be used",
                hint=f"check the files; the first is {tracks[0].path}",
            )
    # Written last: if the index exists, the data is complete.
    with atomic_file(index) as file:
        file.write(json.dumps(ends).encode())
    return complete


def _as_pcm16(samples: Samples) -> PcmAudio:
    scaled: PcmAudio = np.clip(np.rint(samples * 32_768), -32_768, 32_767).astype(np.int16)
    return scaled
