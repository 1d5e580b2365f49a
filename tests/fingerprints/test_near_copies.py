"""Tracks that share a stretch of one recording are found, whatever system made the fingerprints."""

from pathlib import Path

import numpy as np
import pytest

from fpbench.cache import Store
from fpbench.fingerprints import near_copies
from fpbench.fingerprints.near_copies import find_near_copies
from fpbench.fingerprints.track_sets import FingerprintSet
from fpbench.results.data import NearCopy

DIM = 64
PARTS = 8  # of a segment; a hop is four of them, so neighbours have a cosine of 0.5


def music(seed: int, parts: int = 200) -> np.ndarray:
    """What the fingerprints of a recording are sums of."""
    return np.random.default_rng(seed).standard_normal((parts, DIM))


def fingerprints(
    parts: np.ndarray, shift: int = 0, noise: float = 0.0, seed: int = 9
) -> np.ndarray:
    """Fingerprints of eight parts each, four parts apart, from part ``shift`` on."""
    windows = np.lib.stride_tricks.sliding_window_view(parts[shift:], PARTS, axis=0)[::4]
    rows = windows.sum(axis=2)
    rows = rows + noise * np.random.default_rng(seed).standard_normal(rows.shape)
    scaled: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def fingerprint_set(**tracks: np.ndarray) -> FingerprintSet:
    rows = [len(one) for one in tracks.values()]
    none = np.zeros((0, DIM), np.float32)
    return FingerprintSet(
        key=" ".join(tracks),
        vectors=np.concatenate([none, *tracks.values()]),
        track=np.repeat(np.arange(len(rows), dtype=np.int32), rows),
        start_s=np.concatenate([np.zeros(0), *(np.arange(count) * 0.5 for count in rows)]),
        silent=np.zeros(sum(rows), dtype=bool),
        tracks=tuple(tracks),
        audio_hashes=(None,) * len(rows),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def find(store: Store, reference: FingerprintSet, distractors: FingerprintSet) -> list[NearCopy]:
    return find_near_copies(store, reference, distractors, lambda _done, _words: None)


@pytest.mark.parametrize(
    ("copy", "start_s", "of_start_s", "length_s"),
    [
        pytest.param(fingerprints(music(0), noise=0.5), 0.0, 0.0, 24.5, id="another codec"),
        pytest.param(-fingerprints(-music(0)), 0.0, 0.0, 24.5, id="the same fingerprints"),
        pytest.param(fingerprints(music(0), shift=2), 0.0, 0.0, 24.0, id="shifted by half a hop"),
        pytest.param(fingerprints(music(0)[40:120]), 0.0, 5.0, 9.5, id="cut"),
        pytest.param(
            fingerprints(np.concatenate([music(5, 80), music(0)[100:]])),
            10.0,
            12.5,
            12.0,
            id="the end of it after other music",
        ),
    ],
)
def test_a_copy_is_found_where_it_begins(
    store: Store, copy: np.ndarray, start_s: float, of_start_s: float, length_s: float
) -> None:
    reference = fingerprint_set(a=fingerprints(music(0)), b=fingerprints(music(1)))
    (found,) = find(store, reference, fingerprint_set(c=copy, d=fingerprints(music(2))))
    assert (found.track, found.of) == ("c", "a")
    # Half a hop lies between two fingerprints.
    assert found.start_s == pytest.approx(start_s, abs=0.5)
    assert found.of_start_s == pytest.approx(of_start_s, abs=0.5)
    assert found.length_s == pytest.approx(length_s, abs=1.0)


def test_copies_within_the_reference_and_within_the_distractors_are_found(store: Store) -> None:
    reference = fingerprint_set(a=fingerprints(music(0)), b=fingerprints(music(0), noise=0.2))
    distractors = fingerprint_set(
        c=fingerprints(music(1)), d=fingerprints(music(2)), e=fingerprints(music(1), shift=1)
    )
    found = find(store, reference, distractors)
    assert [(one.track, one.of) for one in found] == [("b", "a"), ("e", "c")]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(fingerprints(music(3)), id="other music"),
        pytest.param(fingerprints(music(0)[::-1]), id="backwards"),
        pytest.param(fingerprints(music(0)[:36]), id="shorter than a stretch"),
        pytest.param(fingerprints(0.4 * music(0) + music(4)), id="similar, but of its own"),
        pytest.param(np.zeros((30, DIM), np.float32), id="zeros"),
    ],
)
def test_other_tracks_are_no_copies(store: Store, other: np.ndarray) -> None:
    assert find(store, fingerprint_set(a=fingerprints(music(0))), fingerprint_set(b=other)) == []


def test_a_steady_sound_shows_no_order(store: Store) -> None:
    tone = np.repeat(music(0, 1), 200, axis=0)
    tones = [fingerprints(tone, noise=0.1, seed=seed) for seed in (1, 2)]
    assert find(store, fingerprint_set(a=tones[0]), fingerprint_set(b=tones[1])) == []


def test_a_track_that_repeats_itself_is_no_copy(store: Store) -> None:
    again = fingerprints(np.concatenate([music(0, 80), music(0, 80)]))
    assert find(store, fingerprint_set(a=again), fingerprint_set()) == []


def test_few_probes_find_copies_of_the_reference(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_copies, "_PRODUCTS", 1.0)
    reference = fingerprint_set(**{f"r{n}": fingerprints(music(n)) for n in range(5)})
    distractors = fingerprint_set(
        **{f"d{n}": fingerprints(music(10 + n)) for n in range(5)},
        copy=fingerprints(music(3), shift=1),
    )
    (found,) = find(store, reference, distractors)
    assert (found.track, found.of) == ("copy", "r3")


def test_the_second_run_searches_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = (fingerprint_set(a=fingerprints(music(0))), fingerprint_set(b=fingerprints(music(0))))
    found = find(store, *sets)
    assert len(found) == 1
    monkeypatch.setattr(near_copies, "_search", None)
    assert find(store, *sets) == found


def test_nothing_is_found_in_nothing(store: Store) -> None:
    assert find(store, fingerprint_set(), fingerprint_set()) == []
