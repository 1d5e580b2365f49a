"""Losses, optimisers and augmentation give what the authors' training code gave."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from fpbench_plugins.building_blocks.contrastive import augmentation, losses
from fpbench_plugins.building_blocks.contrastive.optimisers import KerasAdam, Lamb, cosine_schedule

pytestmark = pytest.mark.parity

MARGIN = 0.5
TRIPLETS = {
    "triplet_hp_shn_sq_m0.5": {},
    "triplet_hp_shn_eucl_m0.5": {"squared": False},
    "triplet_hp_hn_sq_m0.5": {"semi_hard_negative": False},
    "triplet_ep_shn_sq_m0.5": {"hardest_positive": False},
}


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float32))


def pcm(array: np.ndarray) -> torch.Tensor:
    return tensor(array) / 32_768


@pytest.mark.parametrize("n", [3, 12])
@pytest.mark.parametrize("temperature", [0.05, 0.1])
def test_nt_xent_of_nafp(shared: Path, n: int, temperature: float) -> None:
    golden = np.load(shared / "golden/nafp/train.npz")
    anchors = tensor(golden[f"ntx{n}_org"]).requires_grad_()
    positives = tensor(golden[f"ntx{n}_rep"]).requires_grad_()
    loss = 2 * losses.nt_xent(anchors, positives, temperature)
    loss.backward()
    stem = f"ntx{n}_tau{temperature}_"
    np.testing.assert_allclose(loss.item(), golden[stem + "loss"], rtol=1e-5)
    np.testing.assert_allclose(anchors.grad, golden[stem + "gorg"], atol=2e-5)
    np.testing.assert_allclose(positives.grad, golden[stem + "grep"], atol=2e-5)


def test_nt_xent_of_grafprint(shared: Path) -> None:
    golden = np.load(shared / "golden/grafprint/train.npz")
    anchors = torch.from_numpy(golden["nt_zi"]).requires_grad_()
    positives = torch.from_numpy(golden["nt_zj"])
    loss = losses.nt_xent(anchors, positives, 0.05)
    loss.backward()
    np.testing.assert_allclose(loss.item(), golden["nt_loss_005"], rtol=1e-9)
    np.testing.assert_allclose(anchors.grad, golden["nt_grad_zi_005"], atol=1e-9)
    other = losses.nt_xent(anchors.detach(), positives, 0.1)
    np.testing.assert_allclose(other.item(), golden["nt_loss_010"], rtol=1e-9)


def flatten_views(golden: np.lib.npyio.NpzFile, views: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings in view-major order, and which track each row is of."""
    embeddings = tensor(golden[f"{views}/emb"])
    n, v, _ = embeddings.shape
    return embeddings.transpose(0, 1).flatten(0, 1).requires_grad_(), torch.arange(n).repeat(v)


def assert_loss_and_slope(
    golden: np.lib.npyio.NpzFile, name: str, loss: torch.Tensor, rows: torch.Tensor
) -> None:
    loss.backward()
    expected = golden[f"{name}/grad"].transpose(1, 0, 2).reshape(rows.shape)
    np.testing.assert_allclose(loss.item(), golden[f"{name}/loss"], rtol=1e-5)
    np.testing.assert_allclose(rows.grad, expected, atol=5e-6)


@pytest.mark.parametrize("views", ["v2", "v3"])
@pytest.mark.parametrize("name", TRIPLETS)
def test_triplets_of_nmfp(shared: Path, views: str, name: str) -> None:
    golden = np.load(shared / "golden/nmfp/losses/losses.npz")
    rows, labels = flatten_views(golden, views)
    loss = losses.triplet(rows, labels, MARGIN, **TRIPLETS[name])
    assert_loss_and_slope(golden, f"{views}/{name}", loss, rows)


@pytest.mark.parametrize("name", ["dcl_tau0.05", "kcl_t2_g16", "au_a2_t2"])
def test_other_losses_of_nmfp(shared: Path, name: str) -> None:
    golden = np.load(shared / "golden/nmfp/losses/losses.npz")
    rows, _ = flatten_views(golden, "v2")
    a, p = rows.chunk(2)
    loss = {
        "dcl_tau0.05": lambda: losses.decoupled_nt_xent(a, p, 0.05),
        "kcl_t2_g16": lambda: losses.kernel_contrastive(a, p, t=2.0, gamma=16.0),
        "au_a2_t2": lambda: losses.alignment_uniformity(a, p, alpha=2.0, t=2.0),
    }[name]()
    assert_loss_and_slope(golden, f"v2/{name}", loss, rows)


@pytest.mark.parametrize(("make", "name"), [(KerasAdam, "adam"), (Lamb, "lamb")])
def test_optimisers_of_nafp(shared: Path, make: type[KerasAdam] | type[Lamb], name: str) -> None:
    golden = np.load(shared / "golden/nafp/train.npz")
    weight = torch.nn.Parameter(tensor(golden["opt_w0"]))
    optimiser = make([weight], 1e-2)
    for gradient, expected in zip(golden["opt_grads"], golden[f"opt_{name}_w"], strict=True):
        weight.grad = tensor(gradient)
        optimiser.step()
        np.testing.assert_allclose(weight.detach(), expected, atol=1e-6)


def test_cosine_of_nafp(shared: Path) -> None:
    golden = np.load(shared / "golden/nafp/train.npz")
    rates = [1e-4 * cosine_schedule(int(step), 1000, end=1e-6) for step in golden["lr_steps"]]
    np.testing.assert_allclose(rates, golden["lr"], atol=1e-9)


def test_cosine_of_grafprint(shared: Path) -> None:
    golden = np.load(shared / "golden/grafprint/train.npz")
    rates = [8e-5 * cosine_schedule(epoch, 400, end=7e-7 / 8e-5) for epoch in range(400)]
    np.testing.assert_allclose(rates, golden["lr_per_epoch"], rtol=1e-9)


def test_degradation_of_nafp(shared: Path) -> None:
    golden = np.load(shared / "golden/nafp/train.npz")
    music, noise = pcm(golden["aug_event_i16"]), pcm(golden["aug_bg_i16"])
    rooms = pcm(golden["aug_ir_i16"])
    noisy = augmentation.mix_at_snr(music, noise, tensor(golden["aug_snr_db"]))
    np.testing.assert_allclose(noisy, golden["aug_bgmix"], atol=1e-6)
    for dry, name in ((music, "aug_ir"), (noisy, "aug_bgmix_then_ir")):
        wet = augmentation.normalise_peaks(augmentation.convolve_circularly(dry, rooms))
        np.testing.assert_allclose(wet, golden[name], atol=2e-6)


def test_mixing_and_rooms_of_nmfp(shared: Path) -> None:
    golden = np.load(shared / "golden/nmfp/train/batches.npz")
    music, noise = tensor(golden["unit/mix_music"]), tensor(golden["unit/mix_bg"])
    noisy = augmentation.mix_at_snr(music, noise, tensor(golden["unit/mix_snr_db"]))
    np.testing.assert_allclose(noisy, golden["unit/mix_out"], atol=1e-6)
    wet = augmentation.normalise_peaks(augmentation.convolve(music, tensor(golden["unit/ir"])))
    np.testing.assert_allclose(wet, golden["unit/ir_out"], atol=1e-6)


@pytest.mark.parametrize("segment", [0, 1])
@pytest.mark.parametrize("factor", [0.5, 0.75, 0.95, 1.05, 1.333, 2.0])
def test_stretching_of_peaknetfp(shared: Path, segment: int, factor: float) -> None:
    golden = np.load(shared / "golden/peaknetfp/stretch.npz")
    mel = mel_of_peaknetfp(shared)[golden["segments"]][segment : segment + 1]
    images = augmentation.stretch(tensor(mel), factor)
    name = f"padded_{factor:g}" if factor > 1 else f"factor_{factor:g}"
    expected = golden[name][segment : segment + 1, :, :32]
    np.testing.assert_allclose(images, expected, atol=1e-6)


def mel_of_peaknetfp(shared: Path) -> np.ndarray:
    files = sorted((shared / "golden/peaknetfp").glob("*.npz"))
    found = [np.load(file)["mel"] for file in files if "mel" in np.load(file).files]
    return found[0]


def test_degradation_of_grafprint(shared: Path) -> None:
    folder = shared / "golden/grafprint"
    golden = np.load(folder / "augment.npz")
    music, noise, room = (
        torch.from_numpy(soundfile.read(folder / name, dtype="float32")[0])[None]
        for name in ("audio_a.wav", "noise.wav", "ir.wav")
    )
    snr_db = tensor(golden["snr_db"])[None]
    wet = augmentation.convolve(music, room)
    results = {
        "ir": wet,
        "ir_noise": augmentation.add_noise(wet, noise, snr_db),
        "noise_only": augmentation.add_noise(music, noise, snr_db),
    }
    for name, result in results.items():
        np.testing.assert_allclose(result[0, :4096], golden[f"{name}_head"], atol=5e-6)
        np.testing.assert_allclose(result[0, -4096:], golden[f"{name}_tail"], atol=5e-6)


@pytest.mark.parametrize("batch", ["ctx1/b0", "ctx1/b4", "ctx0_ppa2/b2"])
def test_whole_chain_of_nmfp(shared: Path, batch: str) -> None:
    from fpbench_plugins.nmfp.training import degrade

    folder = shared / "golden/nmfp/train"
    drawn = json.loads((folder / "batches.json").read_text())[batch]
    expected = np.load(folder / "batches.npz")[f"{batch}/audio"]

    def read(path: Path, start: int = 0, length: int = -1) -> np.ndarray:
        return soundfile.read(path, length, start, dtype="float32")[0]

    samples = 8000
    context = round(drawn["past_context_s"] * 8000)
    anchors, positives = [], []
    for i, (name, start_s, duration_s) in enumerate(drawn["loads"]):
        clip = read(folder / "wav/music" / name, int(start_s * 8000), int(duration_s * 8000))
        if i % (1 + drawn["n_ppa"]) == 0:
            anchors.append(clip)
        else:
            positives.append(np.pad(clip, (context + samples - len(clip), 0)))
    np.testing.assert_allclose(np.stack(anchors), expected[:, 0], atol=1e-7)
    noise = [
        np.resize(
            read(folder / "wav/bg" / b["file"], b["start_sample"], b["length"]), context + samples
        )
        for b in drawn["bg"]
    ]
    responses = [
        np.stack([np.pad(clip, (0, length - len(clip))) for clip in clips])
        for clips, length in (
            (
                [read(folder / "wav/rir" / n)[: context + samples] for n in drawn["rir"]],
                context + samples,
            ),
            ([read(folder / "wav/mir" / n)[:samples] for n in drawn["mir"]], samples),
        )
    ]
    out = degrade(
        tensor(np.stack(positives)),
        tensor(np.stack(noise)),
        tensor(np.array(drawn["snr_db"])),
        tensor(responses[0]),
        tensor(responses[1]),
        samples=samples,
    )
    np.testing.assert_allclose(out, expected[:, 1:].reshape(-1, samples), atol=1e-6)
