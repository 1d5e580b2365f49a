"""A run's generator is fitted to one half of the tracks and judged by the other half."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError, Settings
from fpbench.hashing import file_sha256
from fpbench.progress import Report
from fpbench.runs.fit_splits import split_tracks
from fpbench.runs.generator import GeneratorFitting
from fpbench.runs.prepare import PreparedRun
from fpbench_plugins import gaussian

Prepare = Callable[..., PreparedRun]


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def fitting(run: PreparedRun) -> GeneratorFitting:
    assert run.generator is not None
    inputs = run.source.build_inputs(run.store, stage)
    return GeneratorFitting(
        config=run.config,
        catalog=run.catalog,
        store=run.store,
        named=run.generator,
        inputs=inputs,
        split=split_tracks(run.config, inputs),
        stage=stage,
    )


@pytest.mark.slow
def test_a_fit_is_read_from_the_cache(prepared: Prepare) -> None:
    first = fitting(prepared(distractors="synthetic")).generator()
    again = fitting(prepared(distractors="synthetic")).generator()
    assert first.key == again.key
    assert first.info == again.info
    assert first.info.fitted_fingerprints == 8 * 19


@pytest.mark.slow
def test_a_damaged_fit_in_the_cache_is_made_again(
    prepared: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    first = fitting(prepared(distractors="synthetic", seed=7)).generator()
    folder = prepared().store.root / "generators"
    (path,) = (
        p for p in folder.rglob("*.safetensors") if file_sha256(p) == first.info.weights_sha256
    )
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    again = fitting(prepared(distractors="synthetic", seed=7)).generator()
    assert again.info == first.info
    assert file_sha256(path) == first.info.weights_sha256
    assert f"cache file {path} is damaged" in caplog.text


@pytest.mark.slow
def test_another_seed_gives_another_fit(prepared: Prepare) -> None:
    keys = {
        fitting(prepared(distractors="synthetic", seed=seed)).generator().key for seed in (0, 1)
    }
    assert len(keys) == 2


@pytest.mark.slow
def test_fidelity_shows_the_baselines_and_the_floor(prepared: Prepare) -> None:
    work = fitting(prepared(distractors="synthetic"))
    block = work.fidelity(work.generator())
    assert set(block.statistics or ()) == {"real", "gaussian", "resample"}


@pytest.mark.slow
def test_a_given_generator_is_judged_by_all_distractors(prepared: Prepare, tmp_path: Path) -> None:
    unfitted = fitting(prepared(distractors="synthetic"))
    path = tmp_path / "given.safetensors"
    unfitted.generator().generator.save(path)
    given = fitting(prepared(distractors="synthetic", generator_weights=path))
    assert len(given.split.fit) == 0
    assert len(given.split.judging.vectors) == len(given.inputs.real)
    fitted = given.generator()
    assert fitted.info.fitted_fingerprints is None
    assert set(given.fidelity(fitted).statistics or ()) == {"real", "gaussian"}


def test_a_generator_of_other_dimensions_is_refused(prepared: Prepare, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((500, 64), dtype=np.float32)
    narrow = gaussian.create(Settings()).fit(
        rows, seed=0, work_dir=tmp_path, report=lambda _done, _words: None
    )
    path = tmp_path / "narrow.safetensors"
    narrow.save(path)
    with pytest.raises(FpbenchError, match="draws vectors of 64 dimensions, but the fingerprinter"):
        fitting(prepared(distractors="synthetic", generator_weights=path)).generator()


def test_a_teacher_that_may_know_the_judging_tracks_is_refused(prepared: Prepare) -> None:
    with pytest.raises(FpbenchError, match=r"also learns from flow\.safetensors") as caught:
        prepared(
            distractors="synthetic",
            generator="rectified-flow-turbo",
            generator_options={"teacher": "flow.safetensors"},
        )
    assert "--generator-weights" in (caught.value.hint or "")
