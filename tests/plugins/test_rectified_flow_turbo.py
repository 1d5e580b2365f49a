"""The student learns what it is asked, in one evaluation, and fits exactly as often as asked."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from fpbench import FpbenchError, Report, Settings, Vectors
from fpbench.cache import read_sealed
from fpbench_plugins.building_blocks.flow import training
from fpbench_plugins.building_blocks.flow.generator import (
    FlowGenerator,
    build_network,
    read_flow,
)
from fpbench_plugins.building_blocks.flow.integration import sharpen, velocity_function
from fpbench_plugins.rectified_flow_turbo import create, create_sharp

TINY = {
    "teacher_width": "16",
    "teacher_depth": "1",
    "teacher_epochs": "2",
    "pairs": "400",
    "pair_steps": "2",
    "width": "16",
    "depth": "1",
    "iterations": "40",
    "batch_rows": "64",
}


def real_rows(rows: int = 600, dim: int = 8) -> Vectors:
    """Points around three directions, which no Gaussian is like."""
    rng = np.random.default_rng(7)
    centres = 4 * np.eye(3, dim, dtype=np.float32)
    vectors = centres[rng.integers(3, size=rows)] + rng.standard_normal((rows, dim)) / 2
    vectors = vectors.astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fit_tiny(
    work_dir: Path, report: Report = lambda share, phrase: None, **options: str
) -> FlowGenerator:
    work_dir.mkdir(exist_ok=True)
    method = create(Settings(options={**TINY, **options}))
    generator = method.fit(real_rows(), seed=0, work_dir=work_dir, report=report)
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


# ------------------------------------------------------------ drawing and fitting


def test_draws_in_one_evaluation(generator: FlowGenerator) -> None:
    assert generator.fitted.sampling.steps == 1
    first, second = (generator.draw(50, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-6)


@pytest.mark.slow
def test_fitting_brings_the_student_to_its_teacher(tmp_path: Path) -> None:
    options = {"teacher_epochs": "10", "iterations": "120", "learning_rate": "0.01"}
    history = fit_tiny(tmp_path, **options).fitted.record["history"]
    assert history[-1]["imitation_loss"] < history[0]["imitation_loss"] / 2
    assert history[-1]["frechet"] < history[0]["frechet"]


@pytest.mark.parametrize(
    ("said", "iterations"),
    [
        pytest.param("loss is nan at step 3", "1000", id="loss"),
        pytest.param("imitation_loss is nan at step 2", "2", id="judgement"),
    ],
)
def test_nothing_is_learned_after_a_loss_that_is_not_finite(
    tmp_path: Path, said: str, iterations: str
) -> None:
    with pytest.raises(FpbenchError, match=rf"^{said}\nHint: "):
        fit_tiny(tmp_path, learning_rate="1e4", iterations=iterations)


def test_saving_and_loading_changes_no_bit(generator: FlowGenerator, tmp_path: Path) -> None:
    generator.save(tmp_path / "g.safetensors")
    again = create(Settings()).load(tmp_path / "g.safetensors")
    rngs = (np.random.default_rng(1), np.random.default_rng(1))
    np.testing.assert_array_equal(again.draw(9, rngs[0]), generator.draw(9, rngs[1]))


def test_a_teacher_learns_until_held_out_tracks_say_no_more() -> None:
    # A limit of copying ended fits to spectral sketches after 5 epochs, with a coverage of 0.01.
    teacher = create(Settings()).config.teacher_config
    assert teacher.most_copied is None
    assert (teacher.select, teacher.patience) == ("held_out_loss", 8)


def test_a_sharp_flow_is_another_generator(tmp_path: Path) -> None:
    method = create_sharp(Settings(options=TINY))
    fitted = method.fit(real_rows(), seed=0, work_dir=tmp_path, report=lambda share, phrase: None)
    fitted.save(tmp_path / "sharp.safetensors")
    again = create_sharp(Settings()).load(tmp_path / "sharp.safetensors")
    rngs = (np.random.default_rng(1), np.random.default_rng(1))
    np.testing.assert_array_equal(again.draw(9, rngs[0]), fitted.draw(9, rngs[1]))
    with pytest.raises(FpbenchError, match=r"'rectified-flow-sharp', not 'rectified-flow-turbo'"):
        create(Settings()).load(tmp_path / "sharp.safetensors")


def test_a_teacher_reads_all_rows_in_a_limited_number_of_steps() -> None:
    teacher = create_sharp(Settings()).config.teacher_config
    assert teacher.most_rows is None
    assert teacher.fit_steps(1_000_000) == teacher.fit_steps(90_000) == 8_000
    assert teacher.fit_steps(2_560) == 100 * 10


def test_a_student_imitates_sharpened_draws_of_its_teacher(tmp_path: Path) -> None:
    for sharpening in ("0", "0.2"):
        fit_tiny(tmp_path / sharpening, sharpening=sharpening)
    (teacher,) = (tmp_path / "0").glob("teacher-*.safetensors")
    network = build_network(
        read_flow(teacher, "rectified-flow"), torch.device("cpu"), torch.float32
    )
    blurred, sharp = (carried_points(tmp_path / sharpening) for sharpening in ("0", "0.2"))
    assert not torch.equal(sharp, blurred)
    expected = sharpen(velocity_function(network), blurred, 0.2)
    torch.testing.assert_close(sharp, expected, rtol=1e-4, atol=1e-5)


def carried_points(work_dir: Path) -> torch.Tensor:
    """The points to which a teacher has carried noise during a fit."""
    (file,) = work_dir.glob("pairs-*.f32")
    content = read_sealed(file, file.stem)
    assert content is not None
    return torch.frombuffer(bytearray(content), dtype=torch.float32).reshape(-1, 8)


@pytest.mark.slow
def test_half_precision_halves_the_file_and_draws_as_it_was_fitted(tmp_path: Path) -> None:
    small, whole = fit_tiny(tmp_path / "a", saved_as="float16"), fit_tiny(tmp_path / "b")
    small.save(tmp_path / "small.safetensors")
    whole.save(tmp_path / "whole.safetensors")
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("small", "whole")]
    weights = sum(tensor.numel() for tensor in whole.fitted.weights.values())
    assert sizes[1] - sizes[0] == pytest.approx(2 * weights, rel=0.05)
    again = create(Settings()).load(tmp_path / "small.safetensors")
    rngs = (np.random.default_rng(1), np.random.default_rng(1))
    np.testing.assert_array_equal(again.draw(9, rngs[0]), small.draw(9, rngs[1]))


@pytest.mark.slow
def test_takes_a_teacher_that_exists(generator: FlowGenerator, tmp_path: Path) -> None:
    fit_tiny(tmp_path / "first")
    (teacher,) = (tmp_path / "first").glob("teacher-*.safetensors")
    taught = fit_tiny(tmp_path / "second", teacher=str(teacher))
    assert not list((tmp_path / "second").glob("teacher-*"))
    assert taught.fitted.record["teacher"]["training_rows"] == 540


@pytest.mark.slow
def test_a_teacher_of_other_fingerprints_is_refused(tmp_path: Path) -> None:
    fit_tiny(tmp_path / "first")
    (teacher,) = (tmp_path / "first").glob("teacher-*.safetensors")
    method = create(Settings(options={**TINY, "teacher": str(teacher)}))
    with pytest.raises(FpbenchError, match=r"teacher-.* draws 8 dim.*the fingerprints have 5"):
        method.fit(real_rows(dim=5), seed=0, work_dir=tmp_path, report=lambda s, p: None)


@pytest.mark.slow
def test_a_teacher_is_kept_for_the_same_fit_only(tmp_path: Path) -> None:
    def stop(share: float, phrase: str) -> None:
        if phrase.startswith("pairs"):
            raise KeyboardInterrupt

    def fit(rows: Vectors, device: str = "cpu", **options: str) -> None:
        method = create(Settings(device=device, options={**TINY, **options}))
        with pytest.raises(KeyboardInterrupt):
            method.fit(rows, seed=0, work_dir=tmp_path, report=stop)

    def kept() -> int:
        return len(list(tmp_path.glob("teacher-*.safetensors")))

    for _ in range(2):
        fit(real_rows())
        assert kept() == 1
    fit(real_rows(), teacher_epochs="3")
    assert kept() == 2
    fit(real_rows(rows=599))
    assert kept() == 3
    fit(real_rows(), device="cpu:0")
    assert kept() == 4


@pytest.mark.parametrize("option", ["steps", "width", "pairs"])
def test_settings_that_cannot_change_a_student_are_refused(
    generator: FlowGenerator, tmp_path: Path, option: str
) -> None:
    generator.save(tmp_path / "g.safetensors")
    with pytest.raises(FpbenchError, match=f"'{option}' cannot change generator") as caught:
        create(Settings(options={option: "40"})).load(tmp_path / "g.safetensors")
    assert str(caught.value.hint).endswith("settings that apply: project")


def test_a_teacher_must_be_a_flow(generator: FlowGenerator, tmp_path: Path) -> None:
    generator.save(tmp_path / "student.safetensors")
    with pytest.raises(FpbenchError, match="not 'rectified-flow'"):
        fit_tiny(tmp_path / "work", teacher=str(tmp_path / "student.safetensors"))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        *((f"teacher_{name}=0", "at least 1") for name in ("width", "depth", "epochs")),
        *((f"{name}=0", "at least 1") for name in ("width", "depth", "steps", "pair_steps")),
        *((f"{name}=-4", "at least 1") for name in ("iterations", "batch_rows")),
        ("pairs=19", "at least 20"),
        ("teacher_iterations=0", "at least 1"),
        *((f"sharpening={value}", "at least 0 and less than 1") for value in (-0.1, 1, "nan")),
        *((f"learning_rate={value}", "above 0 and finite") for value in (0, "nan", "inf")),
        *((f"ema_decay={value}", "between 0 and 1") for value in (-3, 0, 1, "nan")),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting: str, said: str) -> None:
    name, value = setting.split("=")
    with pytest.raises(FpbenchError, match=rf" {setting}.*{said}"):
        create(Settings(options={name: value}))


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["pairs-*", "student.pt"])
def test_interrupted_and_started_again_it_ends_in_the_same_bytes(
    tmp_path: Path, generator: FlowGenerator, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    # A checkpoint after the first evaluation, whatever time has gone by.
    monkeypatch.setattr(training, "CHECKPOINT_AFTER_EVALUATION_S", 0.0)
    phrases: list[str] = []

    def stop_at_stage(share: float, phrase: str) -> None:
        if list((tmp_path / "work").glob(stage)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_tiny(tmp_path / "work", report=stop_at_stage)
    again = fit_tiny(tmp_path / "work", report=lambda share, phrase: phrases.append(phrase))
    assert not any(phrase.startswith("teacher") for phrase in phrases)  # not from the beginning
    files = [tmp_path / f"{name}.safetensors" for name in ("whole", "resumed")]
    for fitted, file in zip((generator, again), files, strict=True):
        fitted.save(file)
    assert files[0].read_bytes() == files[1].read_bytes()
