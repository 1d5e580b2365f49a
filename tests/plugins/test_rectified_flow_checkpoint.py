"""Checkpoints of the authors' flow are read in every layout, or refused by name."""

import os
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from fpbench import FpbenchError, Settings
from fpbench_plugins.building_blocks.flow.generator import FlowGenerator
from fpbench_plugins.building_blocks.flow.network import NetworkShape, fresh_network
from fpbench_plugins.building_blocks.flow.normalisation import Normalisation
from fpbench_plugins.rectified_flow import create

LAYOUTS = {
    "last state": NetworkShape(dim=8, width=16, depth=3),
    "time features used directly": NetworkShape(
        dim=8, width=16, depth=3, time_dim=64, time_mlp=False, layer_scale=True
    ),
    "only the first block adapts": NetworkShape(dim=8, width=16, depth=3, adaptive="first"),
}
ASKED = Settings(options={"published": "nafp"})


def checkpoint(path: Path, shape: NetworkShape, extra: dict[str, Tensor] | None = None) -> Path:
    network = fresh_network(shape, np.random.default_rng(0))
    state = {f"model.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"epoch": 3, "global_step": 9, "state_dict": state | (extra or {})}, path)
    return path


@pytest.mark.parametrize("shape", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_reads_every_layout_of_the_authors_code(shape: NetworkShape, tmp_path: Path) -> None:
    generator = create(ASKED).load(checkpoint(tmp_path / "a.ckpt", shape))
    assert isinstance(generator, FlowGenerator)
    assert generator.fitted.shape == shape
    assert generator.fitted.normalisation == Normalisation(mean=0.000703, std=0.088386)
    assert generator.draw(3, np.random.default_rng(0)).shape == (3, 8)


def test_an_imported_checkpoint_is_saved_as_ours(tmp_path: Path) -> None:
    imported = create(ASKED).load(checkpoint(tmp_path / "a.ckpt", LAYOUTS["last state"]))
    imported.save(tmp_path / "ours.safetensors")
    ours = create(Settings()).load(tmp_path / "ours.safetensors")
    rngs = (np.random.default_rng(1), np.random.default_rng(1))
    np.testing.assert_array_equal(ours.draw(5, rngs[0]), imported.draw(5, rngs[1]))


def test_unexpected_weights_are_named(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.ckpt", LAYOUTS["last state"], {"model.extra": torch.ones(2)})
    with pytest.raises(FpbenchError, match=r"unexpected weights: model\.extra"):
        create(ASKED).load(path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.ckpt", LAYOUTS["last state"])
    content = torch.load(path, weights_only=True)
    del content["state_dict"]["model.layers.1.ff.to_out.weight"]
    torch.save(content, path)
    with pytest.raises(
        FpbenchError, match=r"missing weights: model\.layers\.1\.ff\.to_out\.weight"
    ):
        create(ASKED).load(path)


def test_a_checkpoint_needs_a_normalisation(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.ckpt", LAYOUTS["last state"])
    with pytest.raises(FpbenchError, match="how its fingerprints were normalised"):
        create(Settings()).load(path)


def test_a_checkpoint_takes_no_settings_of_a_fit(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.ckpt", LAYOUTS["last state"])
    options = {"published": "nafp", "steps": "3"}
    generator = create(Settings(options=options)).load(path)
    assert generator.parameters["steps"] == 3
    with pytest.raises(FpbenchError, match="'depth' cannot change"):
        create(Settings(options={**options, "depth": "2"})).load(path)


@dataclass
class Malicious:
    made: Path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (os.mkdir, (self.made,))


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    malicious = Malicious(tmp_path / "made")
    torch.save({"state_dict": {}, "hyper_parameters": malicious}, tmp_path / "a.ckpt")
    with pytest.raises(FpbenchError, match="cannot read"):
        create(ASKED).load(tmp_path / "a.ckpt")
    assert not malicious.made.exists()


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.ckpt", LAYOUTS["last state"])
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(FpbenchError, match="is a zip archive, as PyTorch writes"):
        create(ASKED).load(path)


def test_hyper_parameters_are_not_made(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.ckpt", LAYOUTS["last state"])
    content = torch.load(path, weights_only=True)
    torch.save({**content, "hyper_parameters": Namespace(folder=Path("x")), "epoch": [1]}, path)
    generator = create(ASKED).load(path)
    assert isinstance(generator, FlowGenerator)
    assert (generator.fitted.record["epoch"], generator.fitted.record["step"]) == (None, 9)


def test_an_altered_weight_is_found(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.ckpt", LAYOUTS["last state"])
    whole = path.read_bytes()
    weight = torch.load(path, weights_only=True)["state_dict"]["model.linear_input.weight"]
    at = whole.index(weight.numpy().tobytes())
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(FpbenchError, match=r"cannot read .*Bad CRC-32"):
        create(ASKED).load(path)
