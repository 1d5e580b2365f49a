"""GraFPrint agrees with its authors' code, stage by stage and end to end.

The choice of nearest nodes is discontinuous: where the third and the fourth nearest are equally far
up to rounding, correct implementations differ. The golden data says by what margin each segment's
choices were made, and with it which rows must agree.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fpbench import Fingerprints, FpbenchError, Settings, TrackFingerprinter
from fpbench.audio.reading import read_audio
from fpbench.audio.sinc_resampling import resample_sinc_hann
from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.encoders.weights import load_weights, write_weights
from fpbench_plugins.building_blocks.encoders.weights import build_empty, fill
from fpbench_plugins.grafprint import create, fpbench_checkpoints
from fpbench_plugins.grafprint.config import PUBLISHED
from fpbench_plugins.grafprint.fingerprinter import load_grafprint
from fpbench_plugins.grafprint.front_end import htk_filterbank, log_mel, segment_windows
from fpbench_plugins.grafprint.network import (
    Block,
    GrafprintNetwork,
    min_max_scale,
    nearest_nodes,
    use_batch_statistics,
)

# Slow: the authors' checkpoints take seconds to import.
pytestmark = [pytest.mark.parity, pytest.mark.slow]

AGREES = 2e-5
SURE = 3e-6  # a margin above this decides the same in every float32 arithmetic

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "golden" / "grafprint"


@pytest.fixture(scope="module")
def golden(folder: Path) -> Callable[[str], Arrays]:
    def arrays(name: str) -> Arrays:
        with np.load(folder / f"{name}.npz") as found:
            return dict(found)

    return arrays


@pytest.fixture(scope="module")
def front_end(golden: Callable[[str], Arrays]) -> Arrays:
    return golden("front_end")


@pytest.fixture(scope="module")
def expected(golden: Callable[[str], Arrays]) -> Arrays:
    return golden("fingerprints")


@pytest.fixture(scope="module")
def weights(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("grafprint") / "grafprint.safetensors"
    (layout,) = fpbench_checkpoints()
    write_weights(path, *import_checkpoint(layout, folder / "checkpoint.tar.xz"))
    return path


@pytest.fixture
def network(weights: Path) -> GrafprintNetwork:
    network = build_empty(lambda: GrafprintNetwork(PUBLISHED))
    fill(network, load_weights(weights, "grafprint")[0], weights)
    return network.eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def fingerprinter(weights: Path) -> TrackFingerprinter:
    return load_grafprint(PUBLISHED, Settings(weights=weights))


@pytest.fixture
def two_threads() -> Iterator[None]:
    """The golden arrays were computed by two threads; another number sums in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def segments(spectrogram: np.ndarray) -> Tensor:
    return segment_windows(torch.from_numpy(spectrogram), 32, PUBLISHED.hop_frames)


def close(found: object, wanted: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(found), wanted, atol=tolerance, rtol=0)


def off(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which rows do not agree."""
    return np.abs(found - wanted).max(axis=1) > AGREES


def cosines(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", found, wanted)


def test_stereo_at_another_rate_is_averaged_and_resampled(
    folder: Path, front_end: Arrays, fingerprinter: TrackFingerprinter
) -> None:
    spec = fingerprinter.spec
    samples = read_audio(folder / "audio_c.wav", spec.sample_rate_hz, spec.resampler)
    close(samples, front_end["audio_c_16k"], 5e-7)


def test_filterbank_is_the_same_to_the_bit(front_end: Arrays) -> None:
    np.testing.assert_array_equal(htk_filterbank(16_000, 1024, 64), front_end["mel_fb"])


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_spectrograms(folder: Path, front_end: Arrays, name: str) -> None:
    samples = torch.from_numpy(read_audio(folder / f"audio_{name}.wav", 16_000, "sinc-hann"))
    found = log_mel(samples, torch.from_numpy(front_end["mel_fb"]), 512).numpy()
    difference = np.abs(found - front_end[f"spec_{name}"])
    # The recorded spectra come from a float32 transform, up to 1.4e-4 dB off the exact ones at
    # some quiet cells; ours comes from a float64 transform.
    assert difference.max() < 2e-4
    assert np.quantile(difference, 0.99) < 1e-4


def test_segments_and_their_numbers(front_end: Arrays) -> None:
    found = segments(front_end["spec_a"])
    close(found[front_end["segs"]], front_end["segments_a"], 0)
    counts = [len(segments(front_end[f"spec_{name}"])) for name in "abc"]
    np.testing.assert_array_equal(counts, front_end["n_segments"])


def test_patches_become_nodes(
    golden: Callable[[str], Arrays], front_end: Arrays, network: GrafprintNetwork
) -> None:
    peak = golden("peak")
    of_a = min_max_scale(torch.from_numpy(front_end["segments_a"]))
    close(network.patches(of_a)[..., 0], peak["peak_a"], 1e-5)
    of_b = min_max_scale(segments(front_end["spec_b"])[peak["part_b_index"]])
    close(of_b, peak["conv_in_b_part"][:, 2], 1e-6)
    close(network.patches(of_b)[..., 0], peak["peak_b_part"], 1e-5)


def test_every_layer_of_one_segment(
    golden: Callable[[str], Arrays], front_end: Arrays, network: GrafprintNetwork
) -> None:
    trace = golden("trace")
    seen: dict[str, Tensor] = {}

    def watch(name: str, module: nn.Module) -> None:
        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            seen[name] = output[0, ..., 0] if output.ndim == 4 else output[0]

        module.register_forward_hook(keep)

    encoder = network.encoder
    watch("proj_conv", encoder.widen)
    watch("h", encoder)
    watch("z_raw", network.project_out)
    for name, downsample in zip(("02", "05", "12"), encoder.downsamples, strict=True):
        watch(f"down_{name}", downsample)
    blocks = [module for module in encoder.modules() if isinstance(module, Block)]
    for number, block in enumerate(blocks):
        watch(f"fc1_{number:02}", block.graph.inward_norm)
        watch(f"grapher_{number:02}", block.graph)
        watch(f"ffn_{number:02}", block)
    # In float64: how float32 rounds depends on the processor, and can choose other neighbours.
    one = segments(front_end["spec_a"])[int(trace["segment"])][None].double()
    close(network.double()(one)[0], trace["z"], 1e-5)
    for name, found in seen.items():
        step = 1 if found.ndim == 1 else found.shape[-1] // 32
        wanted = trace[name]
        # The recorded float32 values round by up to 1.6e-4 of 1 + |x| in the late layers.
        np.testing.assert_allclose(found[..., ::step], wanted, atol=2e-4, rtol=2e-4, err_msg=name)
    for number in range(len(blocks)):
        nearest = nearest_nodes(seen[f"fc1_{number:02}"][None, ..., None], 3)[0].sort(dim=1)[0]
        sure = trace[f"margin_{number:02}"] > 2e-6
        wanted = np.sort(trace[f"knn_{number:02}"], axis=1)
        np.testing.assert_array_equal(nearest[sure], wanted[sure])
    close(seen["grapher_00"], trace["grapher_00_full"], 1e-4)
    assert len(seen) == 6 + 3 * 12


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_fingerprints_from_golden_spectrograms(
    front_end: Arrays, expected: Arrays, network: GrafprintNetwork, name: str
) -> None:
    wanted = expected[f"eval_{name}"]
    parts = torch.split(segments(front_end[f"spec_{name}"]), 16)
    found = torch.cat([network(part) for part in parts]).numpy()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    finite = ~np.isnan(wanted[:, 0])
    wrong = off(found[finite], wanted[finite])
    assert wrong.mean() <= 0.25
    assert cosines(found, wanted)[finite].min() >= 0.98
    if name == "a":
        assert not wrong[expected["eval_a_margin"].min(axis=1) > SURE].any()


def test_batch_statistics_of_four_segments(
    front_end: Arrays, expected: Arrays, network: GrafprintNetwork
) -> None:
    use_batch_statistics(network)
    # In float64, as above: one other neighbour would reach all four.
    four = segments(front_end["spec_a"])[expected["batch4_index"]].double()
    close(network.double()(four), expected["batch4"], AGREES)


@pytest.mark.usefixtures("two_threads")
def test_batch_statistics_of_a_file(
    front_end: Arrays, expected: Arrays, network: GrafprintNetwork
) -> None:
    use_batch_statistics(network)
    found = network(segments(front_end["spec_c"])).numpy()
    assert not off(found, expected["batch_c"]).any() or (
        cosines(found, expected["batch_c"]).min() >= 0.96
    )


@pytest.mark.usefixtures("two_threads")
def test_batch_statistics_of_chunks(expected: Arrays, network: GrafprintNetwork) -> None:
    use_batch_statistics(network)
    chunks = torch.split(segments(expected["spec_long"]), PUBLISHED.chunk_segments)
    found = torch.cat([network(chunk) for chunk in chunks]).numpy()
    agreement = cosines(found, expected["batch_long"])
    assert agreement.min() >= 0.95
    assert agreement.mean() >= 0.98


@pytest.mark.parametrize("name", ["a", "b"])
def test_from_file_to_fingerprints(
    folder: Path, expected: Arrays, fingerprinter: TrackFingerprinter, name: str
) -> None:
    found = of_file(fingerprinter, folder / f"audio_{name}.wav")
    wanted = expected[f"eval_{name}"]
    finite = ~np.isnan(wanted[:, 0])
    assert off(found.vectors[finite], wanted[finite]).mean() <= 0.25
    assert cosines(found.vectors, wanted)[finite].min() >= 0.98
    np.testing.assert_array_equal(found.vectors[~finite], 0)
    np.testing.assert_allclose(found.start_s, 0.096 * np.arange(len(wanted)))


def test_one_silent_segment_spoils_a_batch_only_if_asked(
    folder: Path, expected: Arrays, weights: Path
) -> None:
    start, length = int(expected["batch_b_crop_start"]), int(expected["batch_b_crop_len"])
    samples = read_audio(folder / "audio_b.wav", 16_000)[start : start + length]
    in_batches = replace(PUBLISHED, batch_norm="batch")
    sane = load_grafprint(in_batches, Settings(weights=weights)).fingerprint(samples)
    official = load_grafprint(replace(in_batches, silence="nan"), Settings(weights=weights))
    assert len(sane.vectors) == expected["batch_b_crop_rows"]
    assert np.isfinite(sane.vectors).all()
    assert np.isnan(official.fingerprint(samples).vectors).all() == expected["batch_b_crop_all_nan"]


def test_weights_decide_the_network(weights: Path) -> None:
    wider = create(Settings(weights=weights, options={"channels": "8,16,32,64"}))
    assert wider.spec.dim == 128


def test_all_official_entries_are_known(folder: Path) -> None:
    (layout,) = fpbench_checkpoints()
    changed = replace(layout, ignored=())
    with pytest.raises(FpbenchError, match="relative_pos"):
        import_checkpoint(changed, folder / "checkpoint.tar.xz")


def of_file(fingerprinter: TrackFingerprinter, path: Path) -> Fingerprints:
    spec = fingerprinter.spec
    return fingerprinter.fingerprint(read_audio(path, spec.sample_rate_hz, spec.resampler))


def test_resampler_is_the_identity_at_16_khz(folder: Path) -> None:
    samples = read_audio(folder / "audio_a.wav", 16_000)
    np.testing.assert_array_equal(resample_sinc_hann(samples, 16_000, 16_000), samples)
