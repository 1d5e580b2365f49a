"""The processor's model is found on every architecture."""

from pathlib import Path

import pytest

from fpbench.hardware import cpu_model, load_average, total_memory_bytes


@pytest.mark.parametrize(
    ("cpuinfo", "model"),
    [
        pytest.param(
            "processor\t: 0\nmodel name\t: Some(R)  CPU @ 2 GHz\n\nmodel name\t: other\n",
            "Some(R) CPU @ 2 GHz",
            id="x86",
        ),
        pytest.param("processor : 0\nModel : A Board 4\n", "A Board 4", id="arm"),
    ],
)
def test_the_model_is_as_the_system_calls_it(tmp_path: Path, cpuinfo: str, model: str) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(cpuinfo)
    assert cpu_model(path) == model


def test_a_processor_without_a_name_has_its_architecture(tmp_path: Path) -> None:
    assert cpu_model(tmp_path / "missing")


def test_memory_and_load_are_plausible() -> None:
    memory, load = total_memory_bytes(), load_average()
    assert memory is None or memory > 1e8
    assert load is None or load >= 0
