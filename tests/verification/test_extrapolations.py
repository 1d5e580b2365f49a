"""Extrapolated points of a run on ready-made embeddings are computed again from its evidence."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fpbench
from fpbench.results.files import read_result

ROWS, DIM, QUERIES = 100_000, 8, 300
BEYOND = (10**6, 10**7, 10**8)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that goes on beyond 100 000 real distractors."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("emb")
    reference = unit(rng.standard_normal((QUERIES, DIM)))
    noise = rng.standard_normal((QUERIES, DIM)) * 10 ** rng.uniform(-2.5, -0.3, (QUERIES, 1))
    np.save(folder / "db.npy", reference)
    np.save(folder / "query.npy", unit(reference + noise))
    np.save(folder / "dummy_db.npy", unit(rng.standard_normal((ROWS, DIM))))
    out = folder / "result.json"
    fpbench.run(
        dataset=f"embeddings:{folder}",
        distractors="real",
        sizes=[ROWS],
        beyond=BEYOND,
        queries=QUERIES,
        out=out,
        cache=folder / "cache",
        progress=False,
    )
    return out


@pytest.mark.slow
def test_a_run_extrapolates_what_it_may(out: Path, problems: Callable[[Path], str]) -> None:
    result = read_result(out)
    assert problems(out) == ""
    assert result.status == "complete"
    (info, *_) = (one for one in result.extrapolations if one.metric == "hr@1")
    (curve, *_) = (one for one in result.curves if one.metric == "hr@1")
    found = {point.n_distractors: point.found for point in curve.points}
    assert found[ROWS] == "searched"
    assert found[10**6] == found[10**7] == "extrapolated"
    assert 10**8 not in found
    assert info.refused == "100 M is more than 100 times 100 k"
    assert info.check is not None
    # A single size is searched in parts, so that there is something to check it with.
    assert (info.check.n_from, info.check.repeats) == (ROWS // 10, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["curves"][0]["points"][1].update(value=0.999), "the evidence gives"),
        (lambda d: d["extrapolations"][0].update(shape=0.5), "/extrapolations/0/shape"),
        (lambda d: d["extrapolations"][0]["tails"][0].update(pareto=0.1), "tails/0/pareto"),
        (lambda d: d["extrapolations"][0]["check"].update(searched=0.1), "check/searched"),
        (lambda d: d.pop("extrapolations"), "extrapolations says of every extrapolated point"),
        (lambda d: d["data"].update(distractor_tracks=999), "999 tracks, too few"),
        (lambda d: d["curves"][0]["points"][1].update(found="searched"), "no database"),
        (lambda d: d["config"].update(beyond=[10**7]), "config.beyond"),
    ],
    ids=["value", "shape", "tail", "check", "no block", "few tracks", "searched", "beyond"],
)
def test_what_was_changed_by_hand_is_found(
    out: Path,
    change: Callable[[dict], object],
    words: str,
    problems: Callable[[Path], str],
) -> None:
    text = out.read_text()
    document = json.loads(text)
    change(document)
    out.write_text(json.dumps(document))
    found = problems(out)
    out.write_text(text)
    assert words in found


@pytest.mark.slow
def test_extrapolated_points_are_compared_in_pairs(out: Path) -> None:
    comparison = fpbench.compare(out, out)
    assert str(10**6) in repr(comparison) or "1 M" in str(comparison)
