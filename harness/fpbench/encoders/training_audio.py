"""Decodes what an encoder learns from once, into files that are mapped into memory afterwards."""

import json
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from fpbench.audio.reading import audio_hash, read_ahead
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Dataset, Track
from fpbench.plugin.fingerprinters import Samples
from fpbench.plugin.training import PcmAudio, TrainingAudio
from fpbench.prefetch import map_ahead
from fpbench.randomness import Stream, rng_at

HELD_OUT_SHARE = 1 / 16
"""Of the tracks to train on, at least one: kept aside for validation, the same for equal seeds."""

_KIND = "training-audio"

logger = logging.getLogger(__name__)


def training_audio(
    dataset: Dataset, sample_rate_hz: int, *, seed: int, store: Store
) -> TrainingAudio:
    """The audio that ``dataset`` sets aside for training, decoded and mapped into memory.

    Args:
        seed: Chooses the tracks that are held out for validation.
        store: Keeps the decoded audio, 2 bytes per sample.

    Raises:
        FpbenchError: Fewer than two tracks to train on, or no noise, or no impulse responses.
    """
    needed = (
        ("music", dataset.train, 2),
        ("noise", dataset.train_noise, 1),
        ("impulse responses", dataset.train_impulse_responses, 1),
    )
    for what, tracks, at_least in needed:
        if len(tracks) < at_least:
            raise FpbenchError(
                f"dataset '{dataset.name}' has {len(tracks)} recordings of {what} for training",
                hint=f"training needs at least {at_least}; use manifest:FILE.csv with a split "
                "called train",
            )
    learnt, held_out = split_held_out(dataset.train, seed)
    uses = {
        "music": learnt,
        "held_out": held_out,
        "noise": dataset.train_noise,
        "impulse_responses": dataset.train_impulse_responses,
    }
    keys = {name: audio_key(those, sample_rate_hz) for name, those in uses.items()}
    recordings = {
        name: decode_tracks(uses[name], sample_rate_hz, store, keys[name]) for name in keys
    }
    return TrainingAudio(**recordings, key=content_key(**keys))


def split_held_out(tracks: Sequence[Track], seed: int) -> tuple[list[Track], list[Track]]:
    """The tracks to learn from and those held out, both in their order."""
    n_held_out = max(1, round(len(tracks) * HELD_OUT_SHARE))
    order = rng_at(seed, Stream.TRAINING, 0).permutation(len(tracks))
    held_out = set(order[:n_held_out].tolist())
    return (
        [track for i, track in enumerate(tracks) if i not in held_out],
        [track for i, track in enumerate(tracks) if i in held_out],
    )


def audio_key(tracks: Sequence[Track], sample_rate_hz: int) -> str:
    """A name for what tracks decode to: equal for equal files in the same order.

    Raises:
        FpbenchError: A file cannot be read.
    """
    return content_key(
        code=code_key(__name__),
        sample_rate_hz=sample_rate_hz,
        audio=list(map_ahead(audio_hash, [track.path for track in tracks])),
    )


def decode_tracks(
    tracks: Sequence[Track], sample_rate_hz: int, store: Store, key: str
) -> list[PcmAudio]:
    """All tracks as 16-bit samples, from the store if they were decoded before.

    Tracks that cannot be read or are silent are left out with a warning.

    Args:
        key: Their :func:`audio_key`.

    Raises:
        FpbenchError: None of the tracks can be used.
    """
    data, index = store.path(_KIND, key, ".pcm"), store.path(_KIND, key, ".json")
    if not index.exists():
        make_folder(data.parent)
        _decode(tracks, sample_rate_hz, data, index)
    ends = json.loads(index.read_text())
    samples = np.memmap(data, dtype=np.int16, mode="r")
    return [samples[start:stop] for start, stop in pairwise([0, *ends])]


def _decode(tracks: Sequence[Track], sample_rate_hz: int, data: Path, index: Path) -> None:
    ends: list[int] = []
    with atomic_file(data) as file:
        for reading in read_ahead(tracks, sample_rate_hz):
            if reading.samples is None:
                logger.warning("left out %s: %s", reading.track.name, reading.reason)
                continue
            ends.append((ends[-1] if ends else 0) + len(reading.samples))
            file.write(_as_pcm16(reading.samples).tobytes())
        if not ends:
            raise FpbenchError(
                f"none of {len(tracks)} recordings for training can be used",
                hint=f"the first is {tracks[0].path}",
            )
    # Written last: where there is an index, the data is whole.
    with atomic_file(index) as file:
        file.write(json.dumps(ends).encode())


def _as_pcm16(samples: Samples) -> PcmAudio:
    scaled: PcmAudio = np.clip(np.rint(samples * 32_768), -32_768, 32_767).astype(np.int16)
    return scaled
