"""The version of a task stands at the end of its name."""

import pytest

from fpbench.results.data import task_version


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("demo-v1", 1),
        ("open-music-v12", 12),
        ("demo", None),
        ("v1-demo", None),
        ("demo-v1b", None),
        ("demo-v" + 12 * "9", None),
    ],
)
def test_the_version_is_the_number_at_the_end(name: str, version: int | None) -> None:
    assert task_version(name) == version
