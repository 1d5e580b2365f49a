"""PeakNetFP agrees with its authors' code: levels, peaks, groups, features, fingerprints."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from fpbench import Segments, Settings
from fpbench.audio.reading import read_audio
from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.encoders.weights import load_weights, write_weights
from fpbench.fingerprints.embedding import segments_of
from fpbench.plugin.fingerprinters import Samples
from fpbench_plugins.building_blocks.encoders.weights import build_empty, fill
from fpbench_plugins.peaknetfp import fpbench_checkpoints
from fpbench_plugins.peaknetfp.config import PUBLISHED
from fpbench_plugins.peaknetfp.fingerprinter import load_peaknetfp
from fpbench_plugins.peaknetfp.front_end import filterbank, levels
from fpbench_plugins.peaknetfp.grouping import (
    ball_members,
    farthest_points,
    squared_distances,
)
from fpbench_plugins.peaknetfp.network import PeakNetFpNetwork
from fpbench_plugins.peaknetfp.peaks import peak_cells, peak_points

pytestmark = pytest.mark.parity

Arrays = dict[str, np.ndarray]
FILES = ("a_main", "b_short", "c_exact")


def arrays(path: Path) -> Arrays:
    with np.load(path) as found:
        return dict(found)


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "golden" / "peaknetfp"


@pytest.fixture(scope="module")
def front_end(folder: Path) -> Arrays:
    return arrays(folder / "frontend.npz")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Arrays:
    return arrays(folder / "encoder.npz")


@pytest.fixture(scope="module")
def weights(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("peaknetfp") / "peaknetfp.safetensors"
    (layout,) = fpbench_checkpoints()
    write_weights(path, *import_checkpoint(layout, folder / "tf_checkpoint_peaknetfp.tar.xz"))
    return path


@pytest.fixture
def network(weights: Path) -> PeakNetFpNetwork:
    network = build_empty(lambda: PeakNetFpNetwork(PUBLISHED))
    fill(network, load_weights(weights, "peaknetfp")[0], weights)
    return network.requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def segments(folder: Path) -> Segments:
    cut = [segments_of(recording(folder, name), PUBLISHED.spec) for name in FILES]
    return np.concatenate(cut)


def recording(folder: Path, name: str) -> Samples:
    return read_audio(folder / f"{name}.wav", PUBLISHED.sample_rate_hz)


def close(found: object, wanted: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(found), wanted, atol=tolerance, rtol=0)


def test_imported_weights_are_the_published_arrays(folder: Path, weights: Path) -> None:
    wanted = arrays(folder / "weights.npz")
    found, _ = load_weights(weights, "peaknetfp")
    assert len(found) == len(wanted) == 21
    close(
        found["layer2.perceptrons.1.weights.0"].T,
        wanted["model/layer2/mlp_list/1/0/pnet_conv"][0, 0],
        0,
    )
    close(found["layer3.weights.2"].T, wanted["model/layer3/mlp_list/2/pnet_conv"][0, 0], 0)


def test_files_are_cut_into_the_same_segments(front_end: Arrays, segments: Segments) -> None:
    np.testing.assert_array_equal(segments * 32768, front_end["audio_segments"])


def test_filterbank(folder: Path) -> None:
    close(filterbank(PUBLISHED), arrays(folder / "mel_filterbank.npz")["filterbank"], 1e-8)


def test_levels(front_end: Arrays, segments: Segments) -> None:
    found = levels(torch.from_numpy(segments), filterbank(PUBLISHED), PUBLISHED).numpy()
    wanted = front_end["mel"]
    close(found, wanted, 1e-4)
    close(found[wanted > 0.5], wanted[wanted > 0.5], 5e-6)


def test_peaks_and_their_order(front_end: Arrays) -> None:
    mel = torch.from_numpy(front_end["mel"])
    np.testing.assert_array_equal(peak_cells(mel).sum(dim=(1, 2)), front_end["peaks_count"])
    np.testing.assert_array_equal(peak_points(mel, PUBLISHED), front_end["points"])
    padding = replace(PUBLISHED, peak_sampling="0padding")
    np.testing.assert_array_equal(peak_points(mel, padding), front_end["points_0padding"])


def test_peaks_in_the_order_of_the_scan(front_end: Arrays) -> None:
    config = replace(PUBLISHED, peak_ordering="none", norm_coords=False)
    found = peak_points(torch.from_numpy(front_end["mel"]), config).numpy()
    peaks = front_end["peaks_sorted"]
    first = peaks[peaks[:, 0] == 0][:, 1:]
    scanned = first[np.lexsort((first[:, 1], first[:, 0]))]
    np.testing.assert_array_equal(found[0], scanned[:256])


def test_balls(encoder: Arrays) -> None:
    points = torch.from_numpy(encoder["points"])
    for layer, scales, among, count in (
        (1, PUBLISHED.scales_1, 256, 200),
        (2, PUBLISHED.scales_2, 200, 100),
    ):
        distances = squared_distances(points[:, :count], points[:, :among])
        for i, scale in enumerate(scales):
            found = ball_members(distances, scale.radius, scale.group_size)
            np.testing.assert_array_equal(found, encoder[f"ball{layer}_{i}"])


def test_farthest_points(encoder: Arrays) -> None:
    found = farthest_points(torch.from_numpy(encoder["points"]), 200).numpy()
    # Equally far points, of which grids and repetitions are full, are told apart by rounding.
    assert (found == encoder["fps200_index"]).all(axis=1).mean() >= 0.5


def test_layers(encoder: Arrays, network: PeakNetFpNetwork) -> None:
    points = torch.from_numpy(encoder["points"])
    first, second = points[:, :200], points[:, :100]
    close(network.layer1(points, None, first), encoder["sa1_features"], 1e-5)
    features = torch.from_numpy(encoder["sa1_features"])
    close(network.layer2(first, features, second), encoder["sa2_features"], 1e-5)
    features = torch.from_numpy(encoder["sa2_features"])
    close(network.layer3(torch.cat((second, features), dim=2)), encoder["sa3_features"], 1e-5)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.slow
def test_embeddings_from_golden_points(
    encoder: Arrays, network: PeakNetFpNetwork, *, training: bool
) -> None:
    points = torch.from_numpy(encoder["points"])
    with torch.set_grad_enabled(training):
        close(network(points).detach(), encoder["embedding"], 5e-6)


@pytest.mark.slow
def test_from_samples_to_fingerprints(
    folder: Path, encoder: Arrays, weights: Path, segments: Segments
) -> None:
    found = load_peaknetfp(PUBLISHED, Settings(weights=weights)).embed(segments)
    wanted = encoder["embedding"]
    robust = arrays(folder / "robustness.npz")["embedding_robust"]
    close(found[robust], wanted[robust], 1e-5)
    assert np.einsum("ij,ij->i", found, wanted).min() > 0.9999


def test_gradients_and_loss_of_one_step(folder: Path, network: PeakNetFpNetwork) -> None:
    step = arrays(folder / "train_step.npz")
    network.requires_grad_(requires_grad=True)
    vectors = network(torch.from_numpy(step["points"]))
    close(vectors.detach(), step["embedding"], 5e-6)
    loss = both_directions(vectors, 0.05)
    np.testing.assert_allclose(loss.item(), step["losses"][0], rtol=1e-4)
    loss.backward()  # type: ignore[no-untyped-call]
    for rule in fpbench_checkpoints()[0].tensors():
        weight = network.get_parameter(rule.target)
        wanted = step[f"grad/{rule.source}"][0, 0].T
        assert weight.grad is not None
        close(weight.grad, wanted, 1e-4 * np.abs(wanted).max())


def both_directions(vectors: Tensor, temperature: float) -> Tensor:
    """NT-Xent of anchors and then positives, summed over both directions."""
    count = len(vectors) // 2
    logits = vectors @ vectors.T / temperature
    logits = logits.masked_fill(torch.eye(2 * count, dtype=torch.bool), -torch.inf)
    partners = torch.arange(2 * count).roll(count)
    return 2 * torch.nn.functional.cross_entropy(logits, partners)
