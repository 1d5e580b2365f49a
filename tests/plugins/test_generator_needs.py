"""What fitting takes is foreseen, grows with the work, and comes with something that draws."""

from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import GeneratorNeed, Settings, Stream, rng_at
from fpbench.plugin.catalog import Catalog
from fpbench_plugins.building_blocks.flow.generator import FlowGenerator, write_flow

SMALL = {
    "gaussian": {},
    "resample": {},
    "rectified-flow": {"width": "32", "depth": "2"},
    "rectified-flow-turbo": {"width": "32", "depth": "1", "pairs": "40", "teacher_width": "32"},
    "rectified-flow-sharp": {"width": "32", "depth": "1", "pairs": "40", "teacher_width": "32"},
}


def need(name: str, rows: int = 2_000, **options: str) -> GeneratorNeed:
    settings = Settings(options={**SMALL[name], **options})
    return Catalog.load().generator(name, settings).need(rows, 16)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.slow
def test_the_stand_in_draws(name: str) -> None:
    foreseen = need(name)
    assert foreseen.fit_seconds >= 0
    assert foreseen.fit_memory_bytes > 0
    assert foreseen.stand_in.draw(7, rng_at(0, Stream.CHECK)).shape == (7, 16)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("rectified-flow", {"epochs": "100000"}, id="epochs"),
        pytest.param("rectified-flow-turbo", {"iterations": "1000000"}, id="iterations"),
        pytest.param("rectified-flow-turbo", {"pairs": "40000"}, id="pairs"),
        pytest.param("rectified-flow-turbo", {"teacher_epochs": "100000"}, id="teacher"),
        pytest.param(
            "rectified-flow-sharp",
            {"teacher_epochs": "100000", "teacher_iterations": "1000000"},
            id="iterations of the teacher",
        ),
    ],
)
@pytest.mark.slow
def test_more_work_takes_longer(name: str, options: dict[str, str]) -> None:
    assert need(name, **options).fit_seconds > need(name).fit_seconds


@pytest.mark.slow
def test_a_turbo_reads_no_more_rows_than_its_limit() -> None:
    # Epochs so many that they take nearly all of the time.
    options = {"teacher_epochs": "100000", "teacher_most_rows": "2000"}
    many, few = (need("rectified-flow-turbo", rows, **options) for rows in (10**9, 2_000))
    assert many.fit_seconds < 10 * few.fit_seconds


@pytest.mark.slow
def test_more_rows_take_no_more_steps_than_their_limit() -> None:
    many, few = (need("rectified-flow-sharp", rows) for rows in (10**9, 10**6))
    assert many.fit_seconds < 5 * few.fit_seconds


@pytest.mark.slow
def test_a_given_teacher_takes_the_steps_it_carries_with(tmp_path: Path) -> None:
    teacher = tmp_path / "teacher.safetensors"
    stand_in = need("rectified-flow", steps="1").stand_in
    assert isinstance(stand_in, FlowGenerator)
    write_flow(replace(stand_in.fitted, generator="rectified-flow"), teacher)

    def seconds(pair_steps: str) -> float:
        options = {"pairs": "1000000", "iterations": "1", "pair_steps": pair_steps}
        return need("rectified-flow-turbo", teacher=str(teacher), **options).fit_seconds

    assert seconds("50") > 5 * seconds("1")


@pytest.mark.slow
def test_a_wider_network_takes_more_memory() -> None:
    wide, narrow = need("rectified-flow", width="512"), need("rectified-flow")
    assert wide.fit_memory_bytes > 10 * narrow.fit_memory_bytes
