"""NMFP agrees with its authors' code: front end, blocks and fingerprints."""

import csv
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from fpbench import Fingerprinter, Segments, Settings
from fpbench.encoders.archives import find_checkpoint
from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.encoders.tensor_bundle import TensorBundle
from fpbench.encoders.weights import load_weights, write_weights
from fpbench.fingerprints.embedding import segments_of
from fpbench_plugins.building_blocks.encoders.separable_encoder import (
    SeparableEncoder,
    to_unit_length,
)
from fpbench_plugins.building_blocks.encoders.weights import fill
from fpbench_plugins.nmfp import fpbench_checkpoints
from fpbench_plugins.nmfp.config import PUBLISHED
from fpbench_plugins.nmfp.fingerprinter import load_nmfp
from fpbench_plugins.nmfp.front_end import filterbank, log_mel

# Slow: the authors' checkpoints take seconds to import.
pytestmark = [pytest.mark.parity, pytest.mark.slow]

Arrays = dict[str, np.ndarray]

SHOWN_SEGMENT = 2


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "golden" / "nmfp"


def arrays(path: Path) -> Arrays:
    with np.load(path) as file:
        return dict(file)


@pytest.fixture(scope="module")
def front_end(folder: Path) -> Arrays:
    return arrays(folder / "encoder" / "frontend.npz")


@pytest.fixture(scope="module")
def embeddings(folder: Path) -> Arrays:
    return arrays(folder / "encoder" / "embeddings.npz")


@pytest.fixture(scope="module")
def segments(folder: Path) -> Segments:
    files = [
        soundfile.read(folder / "audio" / f"{name}.wav", dtype="float32")[0]
        for name in ("000101", "000102", "000103", "000104")
    ]
    return np.concatenate([segments_of(samples, PUBLISHED.spec) for samples in files])


@pytest.fixture(scope="module")
def weights(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nmfp") / "nmfp.safetensors"
    (layout,) = fpbench_checkpoints()
    archive = folder / "checkpoint" / "nmfp-triplet.tar.xz"
    write_weights(path, *import_checkpoint(layout, archive))
    return path


@pytest.fixture(scope="module")
def encoder(weights: Path) -> SeparableEncoder:
    encoder = SeparableEncoder(PUBLISHED.encoder)
    fill(encoder, load_weights(weights, "nmfp")[0], weights)
    return encoder.requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def fingerprinter(weights: Path) -> Fingerprinter:
    return load_nmfp(PUBLISHED, Settings(weights=weights))


def close(found: object, expected: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(found), expected, atol=tolerance, rtol=0)


def test_every_tensor_of_the_checkpoint(folder: Path) -> None:
    listed = folder / "checkpoint" / "variables.csv"
    with (
        find_checkpoint(
            folder / "checkpoint" / "nmfp-triplet.tar.xz", "tensorflow", None, 1 << 30
        ) as prefix,
        listed.open(newline="") as file,
    ):
        bundle = TensorBundle(prefix)
        rows = [row for row in csv.DictReader(file) if not row["key"].startswith("_")]
        for row in rows:
            found = zlib.crc32(bundle.read(row["key"]).tobytes())
            assert found == int(list(row.values())[-1], 16), row["key"]
    assert len(rows) > 832


@pytest.mark.parametrize(("edges", "tolerance"), [("float32", 2e-6), ("exact", 2e-5)])
def test_filterbank(front_end: Arrays, edges: str, tolerance: float) -> None:
    bank = filterbank(replace(PUBLISHED, mel_edges=edges))
    close(bank.T, front_end["filterbank"], tolerance)


def test_window(front_end: Arrays) -> None:
    close(torch.hann_window(1024), front_end["window"], 3e-7)


def test_patches(front_end: Arrays, segments: Segments) -> None:
    patches = log_mel(torch.from_numpy(segments), filterbank(PUBLISHED), PUBLISHED).numpy()
    close(patches, front_end["mel"], 3e-4)
    assert np.abs(patches - front_end["mel"]).mean() < 2e-6


def test_blocks(folder: Path, front_end: Arrays, encoder: SeparableEncoder) -> None:
    shown = arrays(folder / "encoder" / "activations.npz")
    x = torch.from_numpy(front_end["mel"])[SHOWN_SEGMENT, ..., None][None]
    for number, block in enumerate(encoder.blocks):
        x = block(x)
        (name,) = (name for name in shown if name.startswith(f"block{number}_"))
        step = int(name.partition("::")[2] or 1)
        close(x[0, ..., ::step], shown[name], 3e-3)


def test_fingerprints_of_official_patches(
    front_end: Arrays, embeddings: Arrays, encoder: SeparableEncoder
) -> None:
    patches = torch.from_numpy(front_end["mel"])
    flat = encoder.convolve(patches)
    close(flat, embeddings["conv_out"], 3e-3)
    vectors = to_unit_length(encoder.divide(flat))
    close(vectors, embeddings["emb_float64"], 1e-5)
    close(vectors, embeddings["emb"], 3e-4)


def test_fingerprints_of_audio(
    segments: Segments, embeddings: Arrays, fingerprinter: Fingerprinter
) -> None:
    close(fingerprinter.embed(segments), embeddings["emb_float64"], 3e-5)


def test_fingerprints_of_official_resampling(
    embeddings: Arrays, fingerprinter: Fingerprinter
) -> None:
    segments = segments_of(embeddings["stereo22k_mono8k"], PUBLISHED.spec)
    close(fingerprinter.embed(segments), embeddings["emb_stereo22k"], 3e-4)


def test_bfloat16_is_near(segments: Segments, weights: Path, fingerprinter: Fingerprinter) -> None:
    fast = load_nmfp(PUBLISHED, Settings(weights=weights, dtype="bfloat16")).embed(segments)
    assert (1 - (fast * fingerprinter.embed(segments)).sum(axis=1) < 1e-3).all()
