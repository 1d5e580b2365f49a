"""An installed distribution may bring a command; one that is broken breaks nothing else."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main

TIDE = """
import click

@click.command()
def tide():
    \"\"\"Say how high it is.\"\"\"
    click.echo("3 m")
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, as pip installs into."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(site: Path, distribution: str, command: str, target: str) -> None:
    folder = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[fpbench.commands]\n{command} = {target}\n")


def test_it_is_listed_and_runs(site: Path) -> None:
    (site / "tides.py").write_text(TIDE)
    install(site, "fpbench-tide", "tide", "tides:tide")
    assert "tide         Say how high it is." in CliRunner().invoke(main, ["--help"]).stdout
    assert CliRunner().invoke(main, ["tide"]).stdout == "3 m\n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param(
            "import nowhere_at_all",
            "plugin 'fpbench-wreck' failed while importing its command 'wreck'",
            id="import",
        ),
        pytest.param(
            "wreck = 3",
            "plugin 'fpbench-wreck' breaks a rule: its command 'wreck' is int, not click.Command",
            id="no command",
        ),
    ],
)
def test_a_broken_one_names_its_distribution(site: Path, code: str, message: str) -> None:
    module = f"wreck_{len(code)}"  # each import is a first one
    (site / f"{module}.py").write_text(code)
    install(site, "fpbench-wreck", "wreck", f"{module}:wreck")
    listed = CliRunner().invoke(main, ["--help"], terminal_width=200)
    assert listed.exit_code == 0
    assert f"(broken) {message}" in listed.stdout
    assert "leaderboard" in listed.stdout
    shown = CliRunner().invoke(main, ["wreck"])
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr
    assert CliRunner().invoke(main, ["validate", "--help"]).exit_code == 0


def test_two_of_one_name_are_refused(site: Path) -> None:
    (site / "tides.py").write_text(TIDE)
    for distribution in ("fpbench-ebb", "fpbench-flow"):
        install(site, distribution, "tide", "tides:tide")
    shown = CliRunner().invoke(main, ["tide"])
    assert shown.exit_code == 2
    assert "fpbench-ebb and fpbench-flow both have a command 'tide'" in shown.stderr


def test_none_takes_the_place_of_our_own(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    (site / "tides.py").write_text(TIDE)
    install(site, "fpbench-tide", "run", "tides:tide")
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0
    assert caplog.messages == ["tides:tide is left out: fpbench has a command 'run'"]
    assert "3 m" not in CliRunner().invoke(main, ["run", "--help"]).stdout
