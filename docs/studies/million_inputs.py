"""Inputs of the study: fingerprints of composed tracks, of queries, and what is learnt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr

from fpbench import Settings
from fpbench.audio.query_recipe import NAFP
from fpbench.cache import Store
from fpbench.files import atomic_file, atomic_path, make_folder
from fpbench.fingerprints.embedding import fingerprint_tracks
from fpbench.plugin.catalog import Catalog
from fpbench.progress_display import hide_progress
from fpbench.runs.config import RunConfig
from fpbench.runs.prepare import prepare
from fpbench_plugins.demo_music.flac import to_16_bits
from fpbench_plugins.demo_music.library import make_sound
from fpbench_plugins.demo_music.timbres import RATE_HZ

TRACKS = 100  # of a chunk
ROWS = 59  # fingerprints of a track
FIRST_TRACK = 200  # the demo itself has 200 distractors


@dataclass(frozen=True, slots=True)
class LearntRows:
    """Fingerprints that a generator is fitted to: some of each of the first tracks."""

    tracks: int
    rows_per_track: int


def write_chunk(folder: Path, chunk: int, systems: Sequence[str], catalog: Catalog) -> None:
    """Compose the tracks of a chunk, and keep their fingerprints by each system, not the audio."""
    numbers = range(FIRST_TRACK + TRACKS * chunk, FIRST_TRACK + TRACKS * (chunk + 1))
    sounds = [to_16_bits(make_sound("distractors", n, 0)).astype(np.float32) for n in numbers]
    arrays = {}
    for name in systems:
        system = catalog.fingerprinter(name, Settings())
        rate_hz = system.spec.sample_rate_hz
        audio = [soxr.resample(sound / 32_768, RATE_HZ, rate_hz) for sound in sounds]
        arrays[name] = np.stack([one.vectors for one in fingerprint_tracks(system, name, audio)])
    with atomic_file(chunk_path(folder, chunk)) as file:
        np.savez(file, **arrays)


def chunk_path(folder: Path, chunk: int) -> Path:
    """File of a chunk: for each system an array of tracks x rows x dim."""
    return make_folder(folder / "chunks") / f"{chunk:04d}.npz"


def finished_chunks(folder: Path, chunks: range) -> list[int]:
    """Those that are there."""
    return [chunk for chunk in chunks if chunk_path(folder, chunk).exists()]


def read_chunks(folder: Path, chunks: Sequence[int], system: str) -> Iterator[np.ndarray]:
    """The fingerprints of some chunks, by one system."""
    for chunk in chunks:
        with np.load(chunk_path(folder, chunk)) as arrays:
            yield arrays[system]


def write_learnt_rows(
    path: Path, folder: Path, chunks: Sequence[int], system: str, learnt: LearntRows
) -> None:
    """Write what a generator is fitted to, as ``fpbench extract`` does."""
    tracks = np.concatenate(list(read_chunks(folder, chunks, system)))[: learnt.tracks]
    chosen = np.linspace(0, ROWS - 1, learnt.rows_per_track).round().astype(np.int64)
    with atomic_path(path) as new:
        _write_vectors(new, tracks[:, chosen], chosen, [f"{n}" for n in range(len(tracks))])


def write_dataset(
    out: Path, folder: Path, chunks: Sequence[int], system: str, *, queries: int, seed: int
) -> None:
    """Write a folder for ``embeddings:``, with the demo's reference and queries.

    Args:
        out: The folder; it appears when it is complete.
        folder: Of the study.
        chunks: The real distractors.
        system: Name of the fingerprinter.
        queries: Number of queries of a second.
        seed: Of their draws.
    """
    config = RunConfig(
        fingerprinter=system,
        distractors="none",
        recipe=replace(NAFP, n_queries=queries),
        seed=seed,
        dataset_options={"distractors": "0", "train": "0"},
    )
    store = Store.open()
    inputs = prepare(config, Catalog.load(), store, hide_progress).source.build_inputs(
        store, hide_progress
    )
    part = make_folder(out.with_name(out.name + ".part"))
    names = np.array([f"reference/{n:04d}" for n in range(inputs.data.reference_tracks)])
    for file, vectors, at in (
        ("query", inputs.queries, inputs.truth),
        ("db", inputs.reference, inputs.reference_positions),
    ):
        np.savez(
            part / f"{file}.npz", vectors=vectors, track=at.track, start_s=at.start_s, tracks=names
        )
    tracks = np.concatenate(list(read_chunks(folder, chunks, system)))
    numbers = FIRST_TRACK + np.add.outer(np.array(chunks) * TRACKS, np.arange(TRACKS)).reshape(-1)
    names_of = [f"distractors/{number:05d}" for number in numbers]
    _write_vectors(part / "dummy_db.npz", tracks, np.arange(ROWS), names_of)
    part.rename(out)


def _write_vectors(path: Path, tracks: np.ndarray, rows: np.ndarray, names: list[str]) -> None:
    """Write rows of some tracks, tracks x rows x dim, with their places."""
    with path.open("wb") as file:
        np.savez(
            file,
            vectors=tracks.reshape(-1, tracks.shape[-1]),
            track=np.repeat(np.arange(len(tracks)), len(rows)),
            start_s=np.tile(rows * 0.5, len(tracks)),
            tracks=np.array(names),
        )
