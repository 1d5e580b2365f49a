"""`fpbench run --engine`: options that have no effect are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (("--workers", "2"), "--workers has no effect without --engine ray"),
        (("--address", "auto"), "--address has no effect without --engine ray"),
        (("--engine", "ray", "--shard", "1/3"), "--engine has no effect with --shard"),
        (
            ("--workers", "2", "--write-config", "x.toml"),
            "has no effect with --write-config",
        ),
        (
            ("--engine", "ray", "--protocol", "nafp"),
            "has no effect with protocol nafp",
        ),
    ],
)
def test_what_has_no_effect_is_refused(
    run: Run, thousand_embeddings: Path, typed: tuple[str, ...], named: str
) -> None:
    dataset = f"embeddings:{thousand_embeddings}"
    shown = run("--dataset", dataset, "--distractors", "real", *typed)
    assert shown.exit_code == 2, shown.output
    assert named in shown.stderr
    assert "Hint: " in shown.stderr


@pytest.mark.slow
def test_a_plan_joins_no_cluster(run: Run, thousand_embeddings: Path) -> None:
    shown = run(
        *("--dataset", f"embeddings:{thousand_embeddings}", "--distractors", "real", "--plan"),
        *("--engine", "ray", "--address", "nonsense"),
    )
    assert shown.exit_code == 0, shown.stderr
