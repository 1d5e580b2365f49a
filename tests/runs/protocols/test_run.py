"""A run by a protocol writes a valid result; settings that a protocol has not are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.evidence.protocol_evidence import read_protocol_evidence
from fpbench.results.files import read_result

Run = Callable[..., Result]

NAFP = ("--protocol", "nafp", "--query-lengths", "1,2,3")
IVF = ("--index", "ivf")


@pytest.mark.slow
def test_one_run_gives_all_lengths_sizes_and_indexes(tmp_path: Path, run: Run) -> None:
    options = tmp_path / "run.toml"
    options.write_text('index_options.ivf = { nlist = "4", nprobe = "4" }')
    shown = run(*NAFP, "--config", options, "--index", "l2", *IVF, "--sizes", "20,1k")
    assert shown.exit_code == 0, shown.output
    assert "nafp protocol 1, ivf, 60 real distractors" in shown.stdout
    out = tmp_path / "out" / "result.json"
    result = read_result(out)
    assert result.protocol is not None
    assert (result.protocol.test_ids, result.queries.n) == ("all", 35)
    # Two indexes, three lengths, four metrics.
    assert len(result.curves) == 24
    assert [p.n_distractors for p in result.curves[0].points] == [20, 60]
    # With every list searched, an inverted file is exact.
    exact, inverted = (
        read_protocol_evidence(out.with_name(f"result.{index}.real.npz")) for index in ("l2", "ivf")
    )
    assert (exact.starts[..., 0] == inverted.starts[..., 0]).all()
    checked = CliRunner().invoke(main, ["validate", str(out)])
    assert (checked.exit_code, checked.stdout) == (0, "1 valid\n")
    board = CliRunner().invoke(main, ["leaderboard", str(out)])
    assert "nafp protocol 1" in board.stdout


@pytest.mark.slow
def test_growing_indexes_and_no_distractors_are_not_refused(tmp_path: Path, run: Run) -> None:
    shown = run(*NAFP, "--index", "hnsw", "--distractors", "none")
    assert shown.exit_code == 0, shown.output
    result = read_result(tmp_path / "out" / "result.json")
    assert result.curves[0].points[0].n_distractors == 0
    assert result.indexes[0].effective["links"] == 16
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "out" / "result.json")])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (("--protocol", "nafq"), "no protocol is called 'nafq'"),
        (("--test-ids", "all"), "test_ids has no effect without a protocol"),
        ((*NAFP, "--fits", "2"), "fits has no effect with protocol nafp"),
        ((*NAFP, "--beyond", "1e9"), "beyond has no effect with protocol nafp"),
        (("--protocol", "nafp", "--query-lengths", "2,1"), "not positive and increasing"),
        (("--protocol", "nafp", "--query-lengths", "1,x"), "query_lengths_s cannot be '1,x'"),
        (("--protocol", "nafp", "--query-lengths", "1,nan"), "query_lengths_s=[1.0, nan] are not"),
        (("--protocol", "nafp", "--query-lengths", "1,inf"), "[1.0, inf] are not finite"),
        ((*NAFP, "--protocol-set", "neighbors=2"), "no setting is called 'neighbors'"),
        (("--protocol", "nafp", "--query-lengths", "1,1.2"), "are 1, 1 fingerprints"),
    ],
)
def test_what_a_protocol_cannot_use_is_refused(
    run: Run, typed: tuple[str, ...], message: str
) -> None:
    shown = run(*typed)
    assert shown.exit_code == 2
    assert message in shown.stderr


@pytest.mark.slow
def test_real_and_synthetic_distractors_are_in_one_result(
    tmp_path: Path, run: Run, thousand_embeddings: Path, caplog: pytest.LogCaptureFixture
) -> None:
    typed = ("--distractors", "both", "--generator", "gaussian", "--sizes", "200,3k")
    shown = run(*NAFP, "--index", "l2", *typed, folder=thousand_embeddings)
    assert shown.exit_code == 0, shown.output
    assert "l2, 200 real distractors" in shown.stdout
    assert "l2, 3 k synthetic distractors" in shown.stdout
    caution = "generator gaussian draws single, independent fingerprints"
    assert caution in caplog.text
    assert f"caution: {caution}" in shown.stdout
    out = tmp_path / "out" / "result.json"
    result = read_result(out)
    sizes = {c.distractors: [p.n_distractors for p in c.points] for c in result.curves}
    assert sizes == {"real": [200, 1_000], "synthetic": [200, 1_000, 3_000]}
    assert result.protocol is not None
    assert len(result.protocol.warnings) == 1
    assert {rate.distractors for rate in result.protocol.rates} == {"real", "synthetic"}
    assert result.costs is not None
    stages = {(one.stage, one.of) for one in result.costs.stages}
    assert {("fitting", "gaussian"), ("drawing", "synthetic")} <= stages
    assert {("searching", f"l2, {kind}") for kind in ("real", "synthetic")} <= stages
    checked = CliRunner().invoke(main, ["validate", str(out)])
    assert (checked.exit_code, checked.stdout) == (0, "1 valid\n")
    out.write_text(out.read_text().replace('"distractors": "both"', '"distractors": "real"'))
    assert CliRunner().invoke(main, ["validate", str(out)]).exit_code == 1


@pytest.mark.slow
def test_a_plan_foresees_the_fit_the_draws_and_the_rows_that_are_kept(
    run: Run, thousand_embeddings: Path
) -> None:
    typed = ("--distractors", "synthetic", "--generator", "gaussian", "--sizes", "1k,20k")
    shown = run(*NAFP, "--index", "l2", *typed, "--plan", folder=thousand_embeddings)
    assert shown.exit_code == 0, shown.output
    lines = [line.strip() for line in shown.stdout.splitlines()]
    for stage in ("fit gaussian", "draw gaussian", "rank starts", "search l2"):
        assert any(line.startswith(stage) for line in lines), stage


@pytest.mark.slow
def test_every_length_is_reproduced_and_parts_are_not_audited(
    tmp_path: Path, run: Run, matrices: Path
) -> None:
    assert run(*NAFP, "--index", "l2").exit_code == 0
    out = str(tmp_path / "out" / "result.json")
    command = ["reproduce", out, "--dataset", f"embeddings:{matrices}"]
    command += ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "again.json")]
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 0, again.output
    assert "12 of 12 rates are within" in again.stdout  # three lengths of four metrics
    audited = CliRunner().invoke(main, ["audit", out])
    assert audited.exit_code == 2
    assert "follows the protocol nafp" in audited.stderr


@pytest.mark.slow
def test_a_result_says_what_it_cost_and_the_next_one_what_was_made(
    tmp_path: Path, run: Run
) -> None:
    out = tmp_path / "out" / "result.json"
    seen = []
    for _ in range(2):
        shown = run(*NAFP, "--index", "l2", "--index", "hnsw", "--sizes", "20,60")
        assert shown.exit_code == 0, shown.output
        costs = read_result(out).costs
        assert costs is not None
        seen.append(costs)
    made, found = ({(one.stage, one.of): one for one in costs.stages} for costs in seen)
    # Blocks of 20 and 40 distractors and 40 rows of the reference; a graph is filled for each size.
    for index, rows in (("l2", 100), ("hnsw", 60 + 100)):
        first, again = made["searching", f"{index}, real"], found["searching", f"{index}, real"]
        assert (first.amount, first.total, first.cached) == (rows, rows, False)
        assert (again.amount, again.wall_s, again.cached) == (rows, first.wall_s, True)
        timed = seen[0].index(index, "real")
        assert timed is not None
        assert [one.batch for one in timed.latencies] == [1, 100]
    assert ("statistics", "starts, l2") in made
    assert "cost of this run" in shown.stdout
