"""``fpbench data`` lists and builds datasets."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main

BUILDER = """
from fpbench import BuildNeeds, Entry, hookimpl

class Builder:
    needs = BuildNeeds(files=1, size_bytes=1_500_000, work_bytes={work_bytes})

    def __init__(self, options):
        self.options = options

    def build(self, folder, report):
        print("a word of a program")
        report(1.0, "1 of 1 files")
        (folder / "one.txt").write_text(str(sorted(self.options.items())))
        return f"folder:{{folder}}"

@hookimpl
def fpbench_builders():
    return [Entry(name="tiny", summary="one", create=lambda settings: Builder(settings.options))]
"""


@pytest.fixture
def builder(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.py"
    path.write_text(BUILDER.format(work_bytes=2_000_000_000))
    return path


def build(builder: Path, *more: str) -> Result:
    out = str(builder.parent / "set")
    return CliRunner().invoke(main, ["data", "build", f"plugin:{builder}", "--out", out, *more])


def test_lists_what_can_be_built() -> None:
    shown = CliRunner().invoke(main, ["data", "list"])
    assert shown.exit_code == 0
    assert "open-music-v1" in shown.stdout
    assert "27 public Git" in shown.stdout


def test_builds_with_options_and_names_the_dataset(builder: Path) -> None:
    shown = build(builder, "--mirror", "https://example.org", "--set", "a=1")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout == f"folder:{builder.parent / 'set'}\n"
    assert "1 file, 1.5 MB, and up to 2.0 GB for downloads" in shown.stderr
    made = (builder.parent / "set" / "one.txt").read_text()
    assert made == "[('a', '1'), ('mirror', 'https://example.org')]"


def test_an_empty_mirror_is_not_taken_for_none(builder: Path) -> None:
    shown = build(builder, "--mirror", "")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "--mirror is empty" in shown.stderr
    assert not (builder.parent / "set").exists()


def test_refuses_a_disk_that_is_too_small(builder: Path) -> None:
    builder.write_text(BUILDER.format(work_bytes=10**18))
    shown = build(builder)
    assert shown.exit_code == 2
    assert "needs 1000000000.0 GB" in shown.stderr
    assert not (builder.parent / "set" / "one.txt").exists()


def test_an_unreachable_source_is_named(tmp_path: Path) -> None:
    """All repositories are tried, none is there, and no traceback shows."""
    folder, nowhere = tmp_path / "set", (tmp_path / "nowhere").as_uri()
    arguments = ["data", "build", "open-music-v1", "--out", str(folder), "--mirror", nowhere]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 2
    assert "865 of 865 files could not be built: 33 files of 00-Evan/" in shown.stderr
    assert "and 22 more" in shown.stderr
    assert "Hint: run the same command again" in shown.stderr
