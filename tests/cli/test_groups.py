"""Options are read whole or refused, and misspelt commands get a suggestion."""

import pytest
from click.testing import CliRunner

from fpbench.cli import main


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        pytest.param("run --query-length 1 --query-length 5", "--query-length", id="number"),
        pytest.param("run --queries 5 --queries 5", "--queries", id="equal values"),
        pytest.param("run --sizes=10 --sizes 20", "--sizes", id="sizes"),
        pytest.param("run -o a.json --out b.json", "--out", id="short and long"),
        pytest.param("weights fetch nafp --url a --url b", "--url", id="inner group"),
        pytest.param("leaderboard --format md --format csv", "--format", id="installed command"),
    ],
)
def test_refuses_a_second_value_for_one_option(arguments: str, option: str) -> None:
    shown = CliRunner().invoke(main, arguments.split())
    assert shown.exit_code == 2
    assert f"Error: {option} is given twice" in shown.stderr


def test_options_for_several_values_may_be_repeated() -> None:
    shown = CliRunner().invoke(
        main, ["run", "--index", "exact", "--index", "hnsw", "--set", "a=1", "--set", "b=2", "-h"]
    )
    assert shown.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param("run --queries 1x", "'1x' is not a whole number", id="not whole"),
        pytest.param("run --queries 0", "0 is not in the range x>=1", id="too small"),
        pytest.param("run --seed 1.5", "'1.5' is not a whole number", id="seed"),
        pytest.param("run --query-length nan", "'nan' is not a finite number", id="nan"),
        pytest.param("run --query-length inf", "'inf' is not a finite number", id="infinite"),
        pytest.param("run --query-length 1,5", "'1,5' is not a valid float", id="list"),
        pytest.param("run --index exact --index exact", "names an index twice", id="same index"),
        pytest.param(
            "train --fingerprinter nafp --dataset demo -o a.safetensors --steps 3 --set steps=9",
            "--steps and --set steps are the same",
            id="two names of one setting",
        ),
    ],
)
def test_refuses_a_number_that_it_cannot_use(arguments: str, message: str) -> None:
    shown = CliRunner().invoke(main, arguments.split())
    assert shown.exit_code == 2
    assert message in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        pytest.param("rum", "'rum'. Did you mean 'run'?", id="command"),
        pytest.param("leaderbord x", "Did you mean 'leaderboard'?", id="installed command"),
        pytest.param("weights fech nafp", "Did you mean 'fetch'?", id="inner group"),
        pytest.param("run --fingerprintr x", "Did you mean '--fingerprinter'?", id="option"),
        pytest.param("xyzzy", "No such command 'xyzzy'.\n", id="nothing similar"),
    ],
)
def test_suggests_a_name_for_a_misspelt_one(arguments: str, suggestion: str) -> None:
    shown = CliRunner().invoke(main, arguments.split())
    assert shown.exit_code == 2
    assert suggestion in shown.stderr
