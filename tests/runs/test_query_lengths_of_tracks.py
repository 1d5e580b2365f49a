"""Queries of several lengths, where a fingerprint depends on all of the audio."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fpbench
from fpbench import AnyFingerprinter, Fingerprints, FingerprintSpec
from fpbench.audio.queries import degrade_queries
from fpbench.audio.query_positions import draw_queries
from fpbench.audio.query_recipe import NAFP, QueryRecipe, Step, recipe_to_json
from fpbench.audio.reading import read_audio
from fpbench.fingerprints.embedding import fingerprint_tracks, segments_of
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.progress_display import hide_progress
from fpbench.results.lengths import QueryLength, query_lengths_s, split_by_length
from fpbench.runs.generator import match_queries, queries_by_length
from fpbench.runs.inputs import count_segments
from fpbench.runs.prepare import PreparedRun

DIM = 8
SPEC = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=DIM, hop_s=0.25)
RECIPE = replace(NAFP, n_queries=40, degradations=(Step(name="gain"),))


def sketch(segments: np.ndarray) -> np.ndarray:
    """The loudness of a few bands."""
    power = np.abs(np.fft.rfft(segments, n=8_000)[:, 100:2_100]) ** 2
    return np.log(power.reshape(len(segments), DIM, -1).mean(axis=2) + 1e-3)


def unit(rows: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(norms, 1e-9)).astype(np.float32)  # silence gives the zero vector


class WholeTracks:
    """Fingerprints that change with everything that is in the recording."""

    spec = replace(SPEC, front_end="track", query_padding=1)

    def fingerprint(self, samples: np.ndarray, /) -> Fingerprints:
        if len(samples) <= SPEC.samples:  # as GraFPrint, which drops exactly one segment
            return Fingerprints(np.zeros((0, DIM), np.float32), np.zeros(0))
        bands = sketch(segments_of(samples[:-1], SPEC))
        return Fingerprints(
            unit(bands - bands.mean(axis=0) + 0.01), SPEC.hop_s * np.arange(len(bands))
        )


class Batches:
    """Fingerprints that change with the other rows of their batch."""

    spec = replace(SPEC, batch_segments=16)

    def embed(self, segments: np.ndarray, /) -> np.ndarray:
        bands = sketch(segments)
        return unit(bands - bands.mean(axis=0) + 0.01)


class Padded:
    """Fingerprints of single segments, also of less than one."""

    spec = replace(SPEC, short="pad")

    def embed(self, segments: np.ndarray, /) -> np.ndarray:
        bands = sketch(segments)
        return unit(bands - bands.mean(axis=1, keepdims=True))


def evaluate(
    model: AnyFingerprinter, music: Path, lengths_s: Sequence[float]
) -> dict[tuple[float, float | None], float]:
    """HR@1 by length and tolerance, by the mean inner product with every stretch of every track."""
    tracks = [*sorted(music.glob("reference/*.wav")), *sorted(music.glob("distractors/[0-9]*.wav"))]
    rate_hz = model.spec.sample_rate_hz
    audio = [read_audio(path, rate_hz) for path in tracks]
    reference = [
        *fingerprint_tracks(model, "", audio[:8]),
        *fingerprint_tracks(model, "", audio[8:]),
    ]
    recipe = replace(RECIPE, query_length_s=max(lengths_s))
    chain = [Catalog.load().degradation("gain", Settings())]
    truth = draw_queries(np.full(8, 10.0), recipe, chain, 0)
    listed = [fpbench.Track(name=path.name, path=path) for path in tracks]
    whole = [*degrade_queries(listed, truth, recipe, chain, seed=0, sample_rate_hz=rate_hz)]
    found = {}
    for length_s in lengths_s:
        cut = [query[: round(length_s * rate_hz)] for _, query in whole]
        padded = [np.pad(query, (0, model.spec.query_padding)) for query in cut]
        queries = [one.vectors for one in fingerprint_tracks(model, "", padded)]
        best = [best_stretch(query, [one.vectors for one in reference]) for query in queries]
        for tolerance_s in (0.25, None):
            hits = []
            for (number, _), (track, start_s) in zip(whole, best, strict=True):
                late_s = abs(start_s - truth.start_s[number])
                near = tolerance_s is None or late_s <= tolerance_s
                hits.append(track == truth.track[number] and near)
            found[length_s, tolerance_s] = float(np.mean(hits))
    return found


def best_stretch(query: np.ndarray, tracks: Sequence[np.ndarray]) -> tuple[int, float]:
    """The track whose stretch has the largest mean inner product, and the time of the stretch."""
    best = (-np.inf, -1, -1.0)
    for number, rows in enumerate(tracks):
        stretches = np.lib.stride_tricks.sliding_window_view(rows, len(query), axis=0)
        scores = np.einsum("sdl,ld->s", stretches, query) / len(query)
        first = int(np.argmax(scores))
        best = max(best, (float(scores[first]), number, first * SPEC.hop_s))
    return best[1:]


@pytest.mark.parametrize(
    ("model", "lengths_s"),
    [
        pytest.param(WholeTracks(), (1.0, 2.0, 3.0), id="whole tracks"),
        pytest.param(Batches(), (1.0, 2.0, 3.0), id="batches", marks=pytest.mark.slow),
        pytest.param(Padded(), (0.5, 1.6, 2.2), id="padded"),
    ],
)
def test_each_length_equals_an_evaluation_of_audio_cut_to_it(
    model: AnyFingerprinter, lengths_s: Sequence[float], music: Path, tmp_path: Path
) -> None:
    result = fpbench.run(
        fingerprinter=model,
        dataset=f"folder:{music}",
        distractors="real",
        recipe=recipe_to_json(RECIPE),
        query_lengths_s=lengths_s,
        cache=tmp_path / "cache",
        out=tmp_path / "r.json",
        progress=False,
    )
    expected = evaluate(model, music, lengths_s)
    found = {
        (part.queries.length_s, curve.tolerance_s): curve.points[-1].value
        for part in split_by_length(result)
        for curve in part.curves
        if curve.metric == "hr@1"
    }
    assert query_lengths_s(result) == [*lengths_s]
    assert found == pytest.approx(expected)
    rates = [expected[one, None] for one in lengths_s]
    assert rates[0] < rates[-1]
    fpbench.validate(tmp_path / "r.json")


def test_a_query_is_not_cut_for_fidelity_where_that_would_change_its_fingerprints(
    prepared: Callable[..., PreparedRun], recipe: QueryRecipe
) -> None:
    run = prepared(recipe=replace(recipe, n_queries=2, query_length_s=2.0), distractors="none")
    model = WholeTracks()
    source = replace(
        run.source,
        fingerprinter=replace(run.source.fingerprinter, fingerprinter=model),
        lengths=[QueryLength(2.0, count_segments(model, "whole tracks", 2.0))],
    )
    inputs = source.build_inputs(run.store, hide_progress)
    assert not inputs.cuts_keep
    assert list(queries_by_length(inputs, match_queries(inputs, None), None)) == []
