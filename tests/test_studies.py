"""The study of a million real distractors: its arithmetic by hand; and that all scripts start."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence

STUDIES = Path(__file__).parents[1] / "docs" / "studies"
BLOCK, QUERIES, KEPT = 400, 30, 100


@pytest.fixture(scope="module")
def gaps() -> ModuleType:
    spec = importlib.util.spec_from_file_location("million_gaps", STUDIES / "million_gaps.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look for it
    spec.loader.exec_module(module)
    return module


def evidence_of(scores: np.ndarray, match: np.ndarray) -> Evidence:
    """Evidence of a search among distractors with these scores; the match is the reference."""
    blocks = []
    for block in np.split(scores, scores.shape[1] // BLOCK, axis=1):
        ids = np.argsort(-block, axis=1)[:, :KEPT].astype(np.int64)
        best = np.take_along_axis(block, ids, axis=1)
        blocks.append(Candidates(ids, -best, best))
    reference = np.full((len(scores), KEPT + 1), -1, dtype=np.float32)
    reference[:, 0] = match
    distance_s = np.full(reference.shape, np.inf)
    distance_s[:, 0] = 0
    return Evidence(
        query_track=np.repeat(np.arange(6), QUERIES // 6),
        reference=Candidates(np.zeros(reference.shape, np.int64), -reference, reference),
        distance_s=distance_s,
        match_score=match,
        edges=np.arange(0, scores.shape[1] + 1, BLOCK),
        blocks=blocks,
    )


def test_hits_are_those_of_the_scores_without_each_part(
    gaps: ModuleType, rng: np.random.Generator
) -> None:
    scores = rng.random((QUERIES, 4 * BLOCK), dtype=np.float32)
    match = np.float32(1) - rng.random(QUERIES, dtype=np.float32) / np.float32(BLOCK)
    part = rng.integers(gaps.PARTS, size=4 * BLOCK)
    hits = gaps.hits_at(evidence_of(scores, match), 2 * BLOCK, None, part)
    halves = np.split(scores, 2, axis=1), np.split(part, 2)
    whole = np.mean([one.max(axis=1) < match for one in halves[0]], axis=0)
    np.testing.assert_array_equal(hits.whole, whole)
    for number in range(gaps.PARTS):
        without = [
            one[:, of != number].max(axis=1) < match for one, of in zip(*halves, strict=True)
        ]
        np.testing.assert_array_equal(hits.without[:, number], np.mean(without, axis=0))


def test_noise_of_single_queries_is_not_shared(gaps: ModuleType, rng: np.random.Generator) -> None:
    own = rng.random((5_000, gaps.PARTS))
    hits = gaps.Hits(own.mean(axis=1), own)
    assert hits.shared_variance() < 0.7 * hits.variance()
    common = own + rng.random(gaps.PARTS)
    hits = gaps.Hits(common.mean(axis=1), common)
    assert hits.shared_variance() == pytest.approx(hits.variance(), rel=0.02)


def test_a_gap_adds_the_three_errors(gaps: ModuleType, rng: np.random.Generator) -> None:
    tracks = np.repeat(np.arange(6), QUERIES // 6)
    real, synthetic = (
        gaps.Hits(whole, np.minimum(1, whole[:, None] + rng.random((QUERIES, gaps.PARTS)) / 10))
        for whole in (rng.random(QUERIES), rng.random(QUERIES))
    )
    found = gaps.measure_gap(real, synthetic, tracks, 10)
    assert found.gap == pytest.approx(synthetic.whole.mean() - real.whole.mean())
    by_track = (synthetic.whole - real.whole).reshape(6, -1).mean(axis=1)
    assert found.queries_error == pytest.approx(by_track.std(ddof=1) / np.sqrt(6))
    shared = found.real_error**2 + found.draws_error**2
    of_five, of_nineteen = 2.571, 2.093  # Student's t
    squares = (of_five * found.queries_error) ** 2 + of_nineteen**2 * shared
    assert found.half_width == pytest.approx(np.sqrt(squares), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a_million_real.py", "synthetic_tracks.py"])
def test_the_script_finds_all_that_it_imports(name: str) -> None:
    script = STUDIES / name
    subprocess.run([sys.executable, script, "--help"], check=True, capture_output=True)
