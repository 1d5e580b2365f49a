"""NAFP agrees with its authors' code: front end, each block, every arrangement of batches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fpbench import Fingerprinter, Segments, Settings
from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.encoders.weights import load_weights, write_weights
from fpbench_plugins.building_blocks.encoders.separable_encoder import SeparableEncoder
from fpbench_plugins.building_blocks.encoders.weights import fill
from fpbench_plugins.nafp import fpbench_checkpoints
from fpbench_plugins.nafp.config import PUBLISHED
from fpbench_plugins.nafp.fingerprinter import load_nafp
from fpbench_plugins.nafp.front_end import filterbank, log_mel

# Slow: the authors' checkpoints take seconds to import.
pytestmark = [pytest.mark.parity, pytest.mark.slow]

IN_BATCHES = replace(PUBLISHED, normalise="batch")
EXACT = 5e-6  # against the official code in double precision


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden" / "nafp" / "golden.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def segments(golden: dict[str, np.ndarray]) -> Segments:
    return golden["segments_i16"].astype(np.float32) / 32768


@pytest.fixture(scope="module")
def weights(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authors' own checkpoint, imported from the archive they would publish it in."""
    path = tmp_path_factory.mktemp("nafp") / "nafp.safetensors"
    (layout,) = fpbench_checkpoints()
    write_weights(path, *import_checkpoint(layout, shared / "golden" / "nafp" / "ckpt-1.tar.xz"))
    return path


@pytest.fixture(scope="module")
def encoder(weights: Path) -> SeparableEncoder:
    encoder = SeparableEncoder(PUBLISHED.encoder)
    fill(encoder, load_weights(weights, "nafp")[0], weights)
    return encoder.requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def by_segment(weights: Path) -> Fingerprinter:
    return load_nafp(PUBLISHED, Settings(weights=weights))


def close(found: object, expected: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(found), expected, atol=tolerance, rtol=0)


def test_filterbank_and_window(golden: dict[str, np.ndarray]) -> None:
    close(filterbank(PUBLISHED), golden["mel_fb"], 1e-7)
    close(torch.hann_window(1024), golden["hann1024"], 3e-7)


def test_patches_of_one_batch(golden: dict[str, np.ndarray], segments: Segments) -> None:
    patches = log_mel(torch.from_numpy(segments), filterbank(PUBLISHED), IN_BATCHES)
    close(patches, golden["logmel_b125_tf32"], 5e-6)


def test_patches_of_single_segments_differ_by_their_maxima(
    golden: dict[str, np.ndarray], segments: Segments
) -> None:
    maxima = golden["seg_log10_max"]
    expected = golden["logmel_b125_tf32"] + (maxima.max() - maxima)[:, None, None]
    patches = log_mel(torch.from_numpy(segments), filterbank(PUBLISHED), PUBLISHED)
    close(patches, expected, 5e-6)


def test_every_block(golden: dict[str, np.ndarray], encoder: SeparableEncoder) -> None:
    x = torch.from_numpy(golden["logmel_b125_tf32"])[int(golden["act_seg"]), ..., None][None]
    for number, block in enumerate(encoder.blocks):
        x = block(x)
        close(x[0], golden[f"act_block{number}"], 2e-5)


def test_flattened_blocks_and_unscaled_fingerprints(
    golden: dict[str, np.ndarray], encoder: SeparableEncoder
) -> None:
    flat = encoder.convolve(torch.from_numpy(golden["logmel_b125_tf32"]))
    close(flat, golden["flat_b125_ref64"], 2e-5)
    close(encoder.divide(flat), golden["pre_l2_b125_ref64"], 5e-5)


@pytest.mark.parametrize("batch", [125, 8])
def test_fingerprints_in_batches(
    golden: dict[str, np.ndarray], segments: Segments, weights: Path, batch: int
) -> None:
    fingerprinter = load_nafp(replace(IN_BATCHES, batch_segments=batch), Settings(weights=weights))
    assert fingerprinter.spec.batch_segments == batch
    starts = range(0, len(segments), batch)
    vectors = np.concatenate([fingerprinter.embed(segments[at : at + batch]) for at in starts])
    close(vectors, golden[f"emb_b{batch}_ref64"], EXACT)
    close(vectors, golden[f"emb_b{batch}_tf32"], 4e-4)
    expected = golden[f"emb_b{batch}_ref64"]
    assert (cosine_distance(vectors, expected) < 1e-10).all()


def test_fingerprints_of_single_segments(
    golden: dict[str, np.ndarray], segments: Segments, by_segment: Fingerprinter
) -> None:
    vectors = by_segment.embed(segments)
    close(vectors, golden["emb_b1_ref64"], EXACT)
    close(vectors, golden["emb_b1_tf32"], 4e-4)


def test_bfloat16_is_near(segments: Segments, weights: Path, by_segment: Fingerprinter) -> None:
    fast = load_nafp(PUBLISHED, Settings(weights=weights, dtype="bfloat16"))
    assert (cosine_distance(fast.embed(segments), by_segment.embed(segments)) < 1e-3).all()


def cosine_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return 1 - (a * b).sum(axis=1) / lengths
