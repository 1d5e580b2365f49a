"""``fpbench check`` shows each rule, and exits with 1 when one is broken."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.results.files import read_result

README = Path(__file__).parents[2] / "README.md"

MODEL = """
import numpy as np
from fpbench import Entry, FingerprintSpec, hookimpl


class Mine:
    spec = FingerprintSpec(sample_rate_hz=1_000, segment_s=1.0, dim=4)

    def embed(self, segments, /):
        vectors = np.abs(segments[:, :4]) + np.float32(1e-3)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)){change}


@hookimpl
def fpbench_fingerprinters():
    return [Entry(name="mine", summary="mine", create=lambda settings: Mine())]
"""


def check(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["check", *arguments])
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random", "plugin:random"])
def test_a_right_one_passes(name: str) -> None:
    code, table, remarks = check(name)
    assert (code, remarks) == (0, "")
    assert "FAIL" not in table
    for rule in ("shape", "dtype", "determinism", "batch invariance", "silence", "throughput"):
        assert f"\n{rule}  " in table


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param("", None, id="right"),
        pytest.param(" * 2", "unit norm", id="not normalised"),
        pytest.param(" * np.nan", "finite", id="nan"),
        pytest.param(".astype(float)", "dtype", id="dtype"),
        pytest.param("[:, :3]", "shape", id="shape"),
        pytest.param(" / 0 + oops", "shape", id="raises"),
    ],
)
def test_a_file_can_be_checked(tmp_path: Path, change: str, rule: str | None) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MODEL.replace("{change}", change))
    code, table, remarks = check(f"plugin:{path}")
    assert code == (0 if rule is None else 1)
    if rule is not None:
        assert any(line.startswith(rule) and " FAIL " in line for line in table.splitlines())
        assert f"plugin:{path} breaks " in remarks


def test_settings_reach_the_plugin() -> None:
    code, _, remarks = check("random", "--set", "draw=1")
    assert code == 2
    assert "no setting is called 'draw'" in remarks


@pytest.mark.slow
def test_the_model_in_the_readme_keeps_the_rules_and_takes_no_settings(tmp_path: Path) -> None:
    code, _ = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "mymodel.py").write_text(code)
    name = f"plugin:{tmp_path / 'mymodel.py'}"
    assert check(name)[0] == 0
    exit_code, _, remarks = check(name, "--weights", str(README))
    assert (exit_code, remarks.splitlines()[0]) == (2, "Error: mymodel has no weights to load")
    exit_code, _, remarks = check(name, "--set", "width=1")
    assert exit_code == 2
    assert "no setting is called 'width'\nHint: mymodel takes none" in remarks


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["check"], id="check"),
        pytest.param(["extract", "a.wav", "-o", "out.npz", "--fingerprinter"], id="extract"),
    ],
)
def test_weights_that_are_not_there_are_refused(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "mine.py").write_text(MODEL.replace("{change}", ""))
    name, weights = f"plugin:{tmp_path / 'mine.py'}", tmp_path / "nowhere.safetensors"
    shown = CliRunner().invoke(main, [*command, name, "--weights", str(weights)])
    assert shown.exit_code == 2
    assert f"Error: no weights file '{weights}'" in shown.stderr


@pytest.mark.parametrize("pair", ["draw_seed", "=1"])
def test_a_setting_is_key_and_value(pair: str) -> None:
    code, _, remarks = check("random", "--set", pair)
    assert code == 2
    assert f"'{pair}' is not KEY=VALUE" in remarks


def test_an_unknown_name_gets_a_hint() -> None:
    code, _, remarks = check("randon")
    assert code == 2
    assert "did you mean 'random'?" in remarks


@pytest.mark.slow
def test_a_run_refuses_a_model_that_fails_unless_unchecked(
    run_on: Callable[..., Result], config: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MODEL.replace("{change}", " + np.float32(0.5) * segments.std()"))
    typed = [config, "--fingerprinter", f"plugin:{path}", "--distractors", "real"]
    refused = run_on(*typed)
    assert refused.exit_code == 2
    assert "breaks rules of the harness: unit norm: " in refused.stderr
    assert "--unchecked" in refused.stderr
    path.write_text(path.read_text().replace("dim=4", "dim=4, unit_norm=False"))
    measured = run_on(*typed, "--unchecked")
    assert measured.exit_code == 0, measured.stderr
    assert "mine breaks rules of the harness: batch invariance: " in measured.stdout
    result = read_result(tmp_path / "out" / "result.json")
    assert result.check is not None
    assert not result.check.passed
