"""Fitting a flow is exact and resumable, and draws depend on the seed alone."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from fpbench import FpbenchError, Report, Settings, Vectors
from fpbench.plugin.generators import draw_noise
from fpbench_plugins.building_blocks.flow import training
from fpbench_plugins.building_blocks.flow.generator import FlowGenerator
from fpbench_plugins.building_blocks.flow.training import read_checkpoint, write_checkpoint
from fpbench_plugins.rectified_flow import create
from fpbench_plugins.rectified_flow.method import RectifiedFlow

TINY = {"width": "16", "depth": "2", "epochs": "2", "judge_rows": "60", "steps": "4"}


def real_rows(rows: int = 600, dim: int = 8) -> Vectors:
    """Points around three directions, which no Gaussian is like."""
    rng = np.random.default_rng(7)
    centres = 4 * np.eye(3, dim, dtype=np.float32)
    vectors = centres[rng.integers(3, size=rows)] + rng.standard_normal((rows, dim)) / 2
    vectors = vectors.astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fit_tiny(
    work_dir: Path, *, seed: int = 0, report: Report = lambda share, phrase: None, **options: str
) -> FlowGenerator:
    method = create(Settings(options={**TINY, **options}))
    generator = method.fit(real_rows(), seed=seed, work_dir=work_dir, report=report)
    assert isinstance(generator, FlowGenerator)
    return generator


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks this small are slower on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> FlowGenerator:
    return fit_tiny(tmp_path_factory.mktemp("work"))


def test_draws_are_decided_by_rng_alone(generator: FlowGenerator) -> None:
    first, second = (generator.draw(70, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, generator.draw(70, np.random.default_rng(4)))


def test_noise_made_in_parts_is_the_noise_of_the_whole_draw(generator: FlowGenerator) -> None:
    noise = draw_noise(10_300, generator.noise_dim, np.random.default_rng(3))
    drawn = generator.draw(10_300, np.random.default_rng(3))
    np.testing.assert_array_equal(drawn, generator.decode(noise))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_number_of_threads_changes_no_bit(
    generator: FlowGenerator, tmp_path: Path, dtype: Literal["float32", "bfloat16"]
) -> None:
    generator.save(tmp_path / "g.safetensors")
    draws = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        one = create(Settings(dtype=dtype)).load(tmp_path / "g.safetensors")
        draws.append(one.draw(2_100, np.random.default_rng(5)))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(1)
    np.testing.assert_array_equal(draws[0], draws[1])


def test_draws_have_length_1_unless_asked_otherwise(
    generator: FlowGenerator, tmp_path: Path, rng: np.random.Generator
) -> None:
    lengths = np.linalg.norm(generator.draw(50, rng), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)
    generator.save(tmp_path / "g.safetensors")
    official = create(Settings(options={"project": "false"})).load(tmp_path / "g.safetensors")
    assert np.ptp(np.linalg.norm(official.draw(50, rng), axis=1)) > 1e-3


def test_nothing_drawn_is_an_empty_matrix(
    generator: FlowGenerator, rng: np.random.Generator
) -> None:
    assert generator.draw(0, rng).shape == (0, 8)


def test_bfloat16_draws_stay_close(generator: FlowGenerator, tmp_path: Path) -> None:
    generator.save(tmp_path / "g.safetensors")
    fast = create(Settings(dtype="bfloat16")).load(tmp_path / "g.safetensors")
    exact = generator.draw(200, np.random.default_rng(0))
    close = fast.draw(200, np.random.default_rng(0))
    assert close.dtype == np.float32
    assert np.einsum("nd,nd->n", exact, close).min() > 0.995


def test_saving_and_loading_changes_no_bit(generator: FlowGenerator, tmp_path: Path) -> None:
    for name in ("a.safetensors", "b.safetensors"):
        generator.save(tmp_path / name)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    again = create(Settings()).load(tmp_path / "a.safetensors")
    assert isinstance(again, FlowGenerator)
    assert again.fitted.sampling.steps == 4  # the fit's, not the published 32
    rngs = (np.random.default_rng(1), np.random.default_rng(1))
    np.testing.assert_array_equal(again.draw(9, rngs[0]), generator.draw(9, rngs[1]))


@pytest.mark.parametrize("option", ["width", "epochs", "mean", "published"])
def test_settings_that_cannot_change_a_fitted_flow_are_refused(
    generator: FlowGenerator, tmp_path: Path, option: str
) -> None:
    generator.save(tmp_path / "g.safetensors")
    given = {"width": "7", "epochs": "3", "mean": "3", "published": "nafp"}
    options = {option: given[option], **({"std": "1"} if option == "mean" else {})}
    with pytest.raises(FpbenchError, match=f"'{option}' cannot change generator") as caught:
        create(Settings(options=options)).load(tmp_path / "g.safetensors")
    assert "solver, steps, project" in str(caught.value.hint)


def test_another_generators_file_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"mean": np.zeros(3, dtype=np.float32)}, tmp_path / "g.safetensors")
    with pytest.raises(FpbenchError, match="not 'rectified-flow'"):
        create(Settings()).load(tmp_path / "g.safetensors")


@pytest.mark.slow
def test_fitting_brings_draws_nearer_to_the_data(tmp_path: Path) -> None:
    history = fit_tiny(tmp_path, epochs="15", learning_rate="0.01").fitted.record["history"]
    assert history[-1]["frechet"] < history[0]["frechet"] / 2
    assert history[-1]["held_out_loss"] < history[0]["held_out_loss"]


def test_a_record_says_how_a_fit_came_about(generator: FlowGenerator) -> None:
    record = generator.fitted.record
    assert record["training_rows"] == 540
    assert record["held_out_rows"] == 60
    assert record["seed"] == 0
    assert len(record["training_sha256"]) == 64
    json.dumps(record)


def test_equal_seeds_give_equal_weights_and_others_do_not(
    generator: FlowGenerator, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    same, other = fit_tiny(tmp_path / "a"), fit_tiny(tmp_path / "b", seed=1)
    assert all(torch.equal(same.fitted.weights[k], v) for k, v in generator.fitted.weights.items())
    assert not torch.equal(
        other.fitted.weights["linear_input.weight"],
        generator.fitted.weights["linear_input.weight"],
    )


def test_a_moving_average_is_kept_if_asked(generator: FlowGenerator, tmp_path: Path) -> None:
    averaged = fit_tiny(tmp_path, ema_decay="0.9")
    name = "linear_output.weight"
    assert not torch.equal(averaged.fitted.weights[name], generator.fitted.weights[name])


def test_patience_ends_a_fit_that_no_longer_improves(tmp_path: Path) -> None:
    # A rate this small moves no weight, so nothing ever improves on the first judgement.
    still = {"learning_rate": "1e-30", "weight_decay": "0"}
    kept = fit_tiny(tmp_path, epochs="50", patience="3", **still)
    assert len(kept.fitted.record["history"]) == 4


@pytest.mark.slow
def test_copying_ends_a_fit_only_if_asked(tmp_path: Path) -> None:
    options = {"epochs": "300", "judge_epochs": "20", "learning_rate": "0.01", "width": "64"}
    options["held_out"] = "0.5"
    rows = np.random.default_rng(3).standard_normal((60, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    kept = {}
    for limit in ("default", "0.6"):
        asked = {} if limit == "default" else {"most_copied": limit}
        method = create(Settings(options={**TINY, **options, **asked}))
        (tmp_path / limit).mkdir()
        fitted = method.fit(rows, seed=0, work_dir=tmp_path / limit, report=lambda s, p: None)
        assert isinstance(fitted, FlowGenerator)
        record = fitted.fitted.record
        assert record["history"][-1]["copied"] > 0.6
        kept[limit] = record["step"], len(record["history"])
    assert kept["default"][1] == 15
    assert kept["0.6"][1] < 15


@pytest.mark.parametrize("damage", ["torn", "flipped"])
def test_a_damaged_checkpoint_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, "key", {"x": torch.zeros(100)})
    assert read_checkpoint(path, "key") is not None
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content[:-100] if damage == "torn" else content)
    assert read_checkpoint(path, "key") is None
    assert "checkpoint.pt is damaged" in caplog.text


def test_a_checkpoint_of_another_fit_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "checkpoint.pt", "another", {})
    with pytest.raises(FpbenchError, match="checkpoint of another training"):
        fit_tiny(tmp_path, seed=5)


@pytest.mark.slow
def test_a_checkpoint_of_another_device_is_refused(tmp_path: Path) -> None:
    def stop_at_checkpoint(share: float, phrase: str) -> None:
        if (tmp_path / "checkpoint.pt").exists():
            raise KeyboardInterrupt
        time.sleep(0.25)  # five steps an epoch, and a checkpoint is due after a second

    def fit(device: str) -> None:
        method = create(Settings(device=device, options=TINY))
        method.fit(real_rows(), seed=0, work_dir=tmp_path, report=stop_at_checkpoint)

    with pytest.raises(KeyboardInterrupt):
        fit("cpu")
    with pytest.raises(KeyboardInterrupt):
        fit("cpu")
    with pytest.raises(FpbenchError, match="checkpoint of another training"):
        fit("cpu:0")


@pytest.mark.parametrize(
    ("said", "options"),
    [
        pytest.param("loss is nan at step 2", {}, id="loss"),
        pytest.param("held_out_loss is nan at step 1", {"batch_rows": "540"}, id="judgement"),
    ],
)
def test_nothing_is_learned_after_a_loss_that_is_not_finite(
    tmp_path: Path, said: str, options: dict[str, str]
) -> None:
    with pytest.raises(FpbenchError, match=rf"^{said}\nHint: ") as caught:
        fit_tiny(tmp_path, learning_rate="1e4", **options)
    assert caught.value.hint == "set a lower learning_rate"


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="20 fingerprints are too few"):
        create(Settings()).fit(
            real_rows(20), seed=0, work_dir=tmp_path, report=lambda share, phrase: None
        )


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        *((f"{name}=0", "at least 1") for name in ("width", "depth", "batch_rows", "epochs")),
        *((f"{name}=0", "at least 1") for name in ("steps", "judge_epochs", "patience")),
        ("width=-4", "at least 1"),
        ("judge_rows=5", "at least 6"),
        *((f"time_dim={value}", "even and at least 4") for value in (-4, 2, 5)),
        *((f"learning_rate={value}", "above 0 and finite") for value in (0, "nan", "inf")),
        *((f"weight_decay={value}", "at least 0 and finite") for value in (-1, "nan", "inf")),
        *((f"ema_decay={value}", "between 0 and 1") for value in (-3, 0, 1, "nan")),
        ("held_out=1.5", "between 0 and 1"),
        *((f"std={value} mean=0", "above 0 and finite") for value in (0, -1, "nan", "inf")),
        *((f"mean={value} std=1", "finite") for value in ("nan", "inf")),
        ("mean=5", "std=None, but both must be set, or neither"),
        ("published=nafp mean=5 std=2", "excludes mean and std"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting: str, said: str) -> None:
    options = dict(pair.split("=") for pair in setting.split())
    with pytest.raises(FpbenchError, match=rf"{next(iter(options))}=.*{said}"):
        create(Settings(options=options))


@pytest.mark.slow
def test_interrupted_and_started_again_it_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A checkpoint after the first evaluation, whatever time has gone by.
    monkeypatch.setattr(training, "CHECKPOINT_AFTER_EVALUATION_S", 0.0)
    options = {"epochs": "12", "judge_epochs": "3", "ema_decay": "0.99"}
    shares: list[float] = []

    def fit(name: str, report: Report) -> Path:
        work, output = tmp_path / name, tmp_path / f"{name}.safetensors"
        work.mkdir(exist_ok=True)
        fit_tiny(work, report=report, **options).save(output)
        return output

    def stop_at_checkpoint(share: float, phrase: str) -> None:
        if (tmp_path / "stopped" / "checkpoint.pt").exists():
            raise KeyboardInterrupt

    whole = fit("whole", lambda share, phrase: None)
    with pytest.raises(KeyboardInterrupt):
        fit("stopped", stop_at_checkpoint)
    resumed = fit("stopped", lambda share, phrase: shares.append(share))
    assert shares[0] > 0.25  # not from the beginning
    assert whole.read_bytes() == resumed.read_bytes()
    assert load_file(whole)["linear_output.weight"].any()


def test_published_settings_are_the_papers() -> None:
    config = RectifiedFlow(Settings()).config
    assert (config.width, config.depth, config.time_dim) == (768, 12, 32)
    assert (config.learning_rate, config.batch_rows, config.epochs) == (5e-5, 128, 100)
    assert (config.solver, config.steps, config.ema_decay) == ("euler", 32, None)


def test_refuses_a_wrong_shape(generator: FlowGenerator) -> None:
    with pytest.raises(TypeError, match="batch dim"):
        generator.carry(torch.zeros(8))
