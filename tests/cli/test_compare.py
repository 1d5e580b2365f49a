"""Two results of the same queries, compared query by query."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.errors import FpbenchError
from fpbench.hashing import file_sha256
from fpbench.results.files import read_result
from fpbench.review.comparison import Comparison, Difference, compare_results

Run = Callable[..., Result]
Results = Mapping[str, Path]


DENSER = """
from dataclasses import replace
from fpbench import Entry, hookimpl
from fpbench_plugins.spectral_sketch.fingerprinter import DEFAULTS, SpectralSketch

@hookimpl
def fpbench_fingerprinters():
    config = replace(DEFAULTS, spec=replace(DEFAULTS.spec, hop_s=0.25))
    create = lambda settings: SpectralSketch(config, settings.device)
    return [Entry(name="denser", summary="twice the fingerprints", create=create)]
"""


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

    plugin = folder / "denser.py"
    plugin.write_text(DENSER)
    denser = ("--fingerprinter", f"plugin:{plugin}")
    return {
        "sketch": run("sketch"),
        "random": run("random", "--fingerprinter", "random"),
        "resample": run("resample", "--generator", "resample"),
        "random-resample": run("other", "--fingerprinter", "random", "--generator", "resample"),
        "real": run("real", "--distractors", "real"),
        "long": run("long", "--distractors", "real", "--sizes", "100,300"),
        "all": run("all", "--distractors", "real", "--sizes", "100,1000"),
        "dense": run("dense", "--distractors", "real", "--sizes", "100,1000", *denser),
        "short": run("short", "--queries", "39", "--distractors", "real"),
        "ivf": run("ivf", "--distractors", "real", "--index", "ivf"),
    }


def compared(results: Results, first: str, second: str) -> list[Comparison]:
    return compare_results(results[first], results[second], 0.99)


def differences(results: Results, first: str, second: str) -> list[Difference]:
    return [d for one in compared(results, first, second) for d in one.differences]


def test_a_difference_is_the_one_of_the_rates(results: Results) -> None:
    found = compared(results, "sketch", "random")
    rates = {}
    for system in ("sketch", "random"):
        for curve in read_result(results[system]).curves:
            for point in curve.points:
                kind = (curve.index, curve.distractors, curve.metric, curve.tolerance_s)
                rates[system, *kind, point.n_distractors] = point.value
    assert sum(len(one.differences) for one in found) == len(rates) / 2
    for one in found:
        for d in one.differences:
            assert d.points[0].n_distractors == d.points[1].n_distractors
            kind = (one.index, one.distractors, d.metric, d.tolerance_s, d.points[0].n_distractors)
            assert d.value == pytest.approx(rates["sketch", *kind] - rates["random", *kind])
            assert 0 < d.low <= d.value <= d.high <= 1
            assert d.clear


def test_the_other_way_round_is_the_opposite(results: Results) -> None:
    there, back = (
        differences(results, *names) for names in (("sketch", "random"), ("random", "sketch"))
    )
    assert [d.value for d in there] == [-d.value for d in back]


def test_nothing_differs_from_itself(results: Results) -> None:
    for one in differences(results, "sketch", "sketch"):
        assert (one.value, one.low, one.high) == (0, 0, 0)


def test_only_what_both_measured_is_compared(results: Results) -> None:
    assert {one.distractors for one in compared(results, "sketch", "real")} == {"real"}


def test_other_sizes_beside_it_make_no_difference(results: Results) -> None:
    found = differences(results, "real", "long")
    repeats = {tuple(point.repeats for point in one.points) for one in found}
    # 100 distractors are found as often as the largest size holds them.
    assert repeats == {(2, 3)}
    assert {one.value for one in found} == {0}


def test_all_real_ones_are_compared_however_many(results: Results) -> None:
    found = differences(results, "all", "dense")
    sizes = {tuple(point.n_distractors for point in one.points) for one in found}
    # 10 s have 19 segments every half second, and 37 every quarter.
    assert sizes == {(100, 100), (16 * 19, 16 * 37)}


def test_sizes_that_were_chosen_are_not_all_there_are(results: Results) -> None:
    found = differences(results, "real", "dense")
    assert {tuple(point.n_distractors for point in one.points) for one in found} == {(100, 100)}


def test_generators_are_compared_by_one_system(results: Results) -> None:
    (one,) = (c for c in compared(results, "sketch", "resample") if c.distractors == "synthetic")
    assert one.names[0].startswith("spectral-sketch (generator gaussian")
    assert one.names[1].startswith("spectral-sketch (generator resample")
    other = compared(results, "sketch", "random-resample")
    assert {one.distractors for one in other} == {"real"}


def test_other_tracks_are_refused(results: Results, tmp_path: Path) -> None:
    document = json.loads(results["real"].read_text())
    (info,) = document["evidence"]
    evidence = dict(np.load(results["real"].with_name(info["file"])))
    evidence["query_track"] = np.roll(evidence["query_track"], 1)
    changed = tmp_path / info["file"]
    np.savez(changed, **evidence)
    info["sha256"] = file_sha256(changed)
    (tmp_path / "real.json").write_text(json.dumps(document))
    with pytest.raises(FpbenchError, match="asked about other tracks"):
        compare_results(results["sketch"], tmp_path / "real.json", 0.95)


def test_shows_a_table_for_each_kind_of_distractors(results: Results) -> None:
    typed = ["compare", str(results["sketch"]), str(results["random"]), "--level", "0.99"]
    shown = CliRunner().invoke(main, typed)
    assert shown.exit_code == 0, shown.stderr
    assert "spectral-sketch minus random; exact, real distractors" in shown.stdout
    assert "spectral-sketch minus random; exact, synthetic distractors (gaussian)" in shown.stdout
    assert "HR@1 ±0.25 s" in shown.stdout
    assert "99 % intervals" in shown.stdout


def test_other_questions_are_refused(results: Results) -> None:
    with pytest.raises(FpbenchError, match="other queries"):
        differences(results, "sketch", "short")


def test_nothing_in_common_is_refused(results: Results) -> None:
    with pytest.raises(FpbenchError, match="no curve in common"):
        differences(results, "sketch", "ivf")


def test_evidence_must_be_there(results: Results, tmp_path: Path) -> None:
    alone = tmp_path / "alone.json"
    alone.write_bytes(results["sketch"].read_bytes())
    with pytest.raises(FpbenchError, match=r"sketch.exact.real.npz is not beside"):
        compare_results(alone, results["random"], 0.95)


def test_a_level_is_a_share(results: Results) -> None:
    typed = ["compare", str(results["sketch"]), str(results["random"]), "--level", "99"]
    shown = CliRunner().invoke(main, typed)
    assert (shown.exit_code, "level 99 is not from 0.5 to 0.995" in shown.stderr) == (2, True)
