"""Two results of the same queries, compared query by query."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.comparison import Difference, compare_results
from fpbench.errors import FpbenchError
from fpbench.results import read_result

Run = Callable[..., Result]
Results = Mapping[str, Path]


@pytest.fixture(scope="module")
def results(
    tmp_path_factory: pytest.TempPathFactory, config: Path, music: Path
) -> Mapping[str, Path]:
    """Of two systems, and of one of them with other questions."""
    folder = tmp_path_factory.mktemp("results")

    def run(name: str, *arguments: str) -> Path:
        out = folder / f"{name}.json"
        always = ["run", "--config", config, "--dataset", f"folder:{music}", "--out", out]
        typed = [*always, "--cache", folder / "cache", "--sizes", "100,200", *arguments]
        shown = CliRunner().invoke(main, [str(part) for part in typed])
        assert shown.exit_code == 0, shown.stderr
        return out

    return {
        "sketch": run("sketch"),
        "random": run("random", "--fingerprinter", "random"),
        "real": run("real", "--distractors", "real"),
        "short": run("short", "--queries", "39", "--distractors", "real"),
        "ivf": run("ivf", "--distractors", "real", "--index", "ivf"),
    }


def differences(results: Results, first: str, second: str) -> list[Difference]:
    return compare_results(results[first], results[second], 0.99)


def test_a_difference_is_the_one_of_the_rates(results: Results) -> None:
    found = differences(results, "sketch", "random")
    rates = {}
    for system in ("sketch", "random"):
        for curve in read_result(results[system]).curves:
            for point in curve.points:
                kind = (curve.index, curve.distractors, curve.metric, curve.tolerance_s)
                rates[system, *kind, point.n_distractors] = point.value
    assert len(found) == len(rates) / 2
    for one in found:
        assert one.n_distractors[0] == one.n_distractors[1]
        kind = (one.index, one.distractors, one.metric, one.tolerance_s, one.n_distractors[0])
        assert one.value == pytest.approx(rates["sketch", *kind] - rates["random", *kind])
        assert 0 < one.low <= one.value <= one.high <= 1


def test_the_other_way_round_is_the_opposite(results: Results) -> None:
    there, back = (
        differences(results, *names) for names in (("sketch", "random"), ("random", "sketch"))
    )
    assert [d.value for d in there] == [-d.value for d in back]


def test_nothing_differs_from_itself(results: Results) -> None:
    for one in differences(results, "sketch", "sketch"):
        assert (one.value, one.low, one.high) == (0, 0, 0)


def test_only_what_both_measured_is_compared(results: Results) -> None:
    found = differences(results, "sketch", "real")
    assert {d.distractors for d in found} == {"real"}


def test_shows_a_table_for_each_kind_of_distractors(results: Results) -> None:
    typed = ["compare", str(results["sketch"]), str(results["random"]), "--level", "0.99"]
    shown = CliRunner().invoke(main, typed)
    assert shown.exit_code == 0, shown.stderr
    assert "spectral-sketch minus random, exact, real distractors" in shown.stdout
    assert "spectral-sketch minus random, exact, synthetic distractors (gaussian)" in shown.stdout
    assert "HR@1 ±0.25 s" in shown.stdout
    assert "99 % intervals" in shown.stdout


def test_other_questions_are_refused(results: Results) -> None:
    with pytest.raises(FpbenchError, match="other queries"):
        differences(results, "sketch", "short")


def test_nothing_in_common_is_refused(results: Results) -> None:
    with pytest.raises(FpbenchError, match="no curve in common"):
        differences(results, "sketch", "ivf")


def test_evidence_must_be_there(results: Results, tmp_path: Path) -> None:
    alone = tmp_path / "sketch.json"
    alone.write_bytes(results["sketch"].read_bytes())
    with pytest.raises(FpbenchError, match=r"sketch.exact.real.npz is not beside"):
        compare_results(alone, results["random"], 0.95)


def test_a_level_is_a_share(results: Results) -> None:
    typed = ["compare", str(results["sketch"]), str(results["random"]), "--level", "99"]
    shown = CliRunner().invoke(main, typed)
    assert (shown.exit_code, "--level 99 is no level" in shown.stderr) == (2, True)
