"""The cache's size is shown by kind, and it is pruned only with ``--yes``."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cache import Store
from fpbench.cli import main


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with an old entry of 2 MB and a new one of 1 MB."""
    store = Store(tmp_path / "cache")
    for letter, kind, size, days in (("a", "evidence", 2, 40), ("b", "tracks", 1, 0)):
        store.write(kind, letter * 32, {"x": np.zeros(size * 10**6, dtype=np.uint8)})
        before = time.time() - days * 24 * 3600
        os.utime(store.path(kind, letter * 32, ".npz"), (before, before))
    return store.root


def call(*typed: object) -> Result:
    return CliRunner().invoke(main, ["cache", *map(str, typed)])


def test_sizes_are_shown_by_kind(cache: Path) -> None:
    shown = call("--cache", cache)
    assert shown.exit_code == 0
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines[2][:4] == ["evidence", "2.0", "MB", "1"]
    assert lines[3][:4] == ["tracks", "1.0", "MB", "1"]
    assert lines[4] == ["all", "3.0", "MB", "2"]
    assert str(cache) in shown.stderr


def test_nothing_is_removed_without_yes(cache: Path) -> None:
    shown = call("prune", "--cache", cache, "--older-than", "30d")
    assert shown.exit_code == 0
    assert "evidence" in shown.stdout
    assert "would remove 2.0 MB" in shown.stderr
    assert "add --yes" in shown.stderr
    assert len(list(cache.rglob("*.npz"))) == 2
    removed = call("prune", "--cache", cache, "--older-than", "30d", "--yes")
    assert "removed 2.0 MB; 1.0 MB stay" in removed.stderr
    assert [path.parts[-3] for path in cache.rglob("*.npz")] == ["tracks"]


def test_a_size_and_a_kind_can_be_given(cache: Path) -> None:
    call("prune", "--cache", cache, "--max-size", "0MB", "--kind", "tracks", "--yes")
    assert [path.parts[-3] for path in cache.rglob("*.npz")] == ["evidence"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        pytest.param((), "nothing says what to remove", id="nothing"),
        pytest.param(("--older-than", "30"), "'30' is not an age", id="no unit"),
        pytest.param(("--older-than", "-1d"), "'-1d' is not an age", id="negative"),
        pytest.param(("--max-size", "20G"), "'20G' is not a size", id="unit"),
        pytest.param(("--kind", "editions", "--max-size", "1GB"), "editions", id="kind"),
    ],
)
def test_what_cannot_be_meant_is_refused(cache: Path, typed: tuple[str, ...], message: str) -> None:
    refused = call("prune", "--cache", cache, *typed)
    assert refused.exit_code == 2
    assert message in refused.stderr


def test_the_folder_is_given_to_the_command_that_uses_it(cache: Path) -> None:
    refused = call("--cache", cache, "prune", "--max-size", "1GB")
    assert refused.exit_code == 2
    assert f"fpbench cache prune --cache {cache}" in refused.stderr
