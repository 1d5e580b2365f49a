"""On recordings, whole tracks are degraded: row i of the queries is row i of the reference."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.results.files import read_result

Evaluate = Callable[..., Result]


@pytest.fixture
def evaluate(tmp_path: Path, music: Path, small_sketch: str) -> Evaluate:
    """A protocol on the small folder of music, with queries that are only louder or quieter."""
    config = tmp_path / "run.toml"
    config.write_text(
        f'fingerprinter = "{small_sketch}"\nrecipe.max_offset_s = 0\n'
        '[[recipe.degradations]]\nname = "gain"\n'
    )

    def invoke(*typed: str) -> Result:
        command = ["run", "--config", str(config), "--dataset", f"folder:{music}", "--index", "l2"]
        command += ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "r.json"), *typed]
        return CliRunner().invoke(main, command)

    return invoke


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["nafp", "nmfp", "peaknetfp", "paper"])
def test_louder_tracks_are_found_where_they_are(
    tmp_path: Path, evaluate: Evaluate, protocol: str
) -> None:
    lengths = ("--query-lengths", "1" if protocol == "paper" else "1,2")
    shown = evaluate("--protocol", protocol, *lengths)
    assert shown.exit_code == 0, shown.output
    result = read_result(tmp_path / "r.json")
    assert result.protocol is not None
    rates = {rate.metric: rate.value for rate in result.protocol.rates if rate.rules != "official"}
    exact = "segment_exact" if protocol == "nmfp" else "top1_exact"
    assert rates[exact] > 0.9
    assert result.fingerprinter.name == "small-sketch"
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "r.json")])
    assert checked.exit_code == 0, checked.output


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["nafp", "grafprint", "nmfp", "peaknetfp", "paper"])
def test_synthetic_tracks_are_distractors_of_every_protocol(
    tmp_path: Path, evaluate: Evaluate, protocol: str
) -> None:
    lengths = ("--query-lengths", "1" if protocol == "paper" else "1,2")
    typed = ("--distractors", "synthetic", "--generator", "gaussian-tracks", "--sizes", "50,300")
    shown = evaluate("--protocol", protocol, *lengths, *typed)
    assert shown.exit_code == 0, shown.output
    result = read_result(tmp_path / "r.json")
    assert result.protocol is not None
    assert not result.protocol.warnings
    assert [p.n_distractors for p in result.curves[0].points] == [50, 300]
    assert result.curves[0].points[0].value > 0.8
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "r.json")])
    assert checked.exit_code == 0, checked.output


@pytest.mark.slow
def test_stretched_tracks_are_songs_at_another_tempo(tmp_path: Path, evaluate: Evaluate) -> None:
    with (tmp_path / "run.toml").open("a") as config:
        config.write('[[recipe.degradations]]\nname = "stretch"\nmin_tempo = 2\nmax_tempo = 2\n')
    refused = evaluate("--protocol", "nafp", "--query-lengths", "1,2")
    assert refused.exit_code == 2
    assert "this protocol compares row i of both" in refused.stderr
    shown = evaluate("--protocol", "peaknetfp", "--query-lengths", "1,2")
    assert shown.exit_code == 0, shown.output
    result = read_result(tmp_path / "r.json")
    assert result.protocol is not None
    assert {rate.metric for rate in result.protocol.rates} >= {"top1_song", "top3_song"}
