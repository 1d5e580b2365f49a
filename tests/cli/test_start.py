"""The command starts fast, has help texts, and prints errors as text."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import COMMANDS, main

LOADED_BY = """
import sys
from click.testing import CliRunner
from fpbench.cli import main
result = CliRunner().invoke(main, sys.argv[1:])
assert result.exit_code == 0, result.output
print([name for name in ("torch", "faiss", "scipy", "matplotlib", "av") if name in sys.modules])
"""


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["run", "--help"]])
def test_starts_without_the_heavy_libraries(arguments: list[str]) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED_BY, *arguments],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert loaded.stdout == "[]\n"


def test_a_reader_that_closes_the_pipe_gets_no_traceback() -> None:
    program = "from fpbench.cli import command; command()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "plugins"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as shown:
        assert shown.stdout is not None
        shown.stdout.close()
        _, errors = shown.communicate(timeout=60)
    assert errors == b""


@pytest.mark.slow
def test_a_server_that_hangs_up_ends_no_process() -> None:
    """With the default action of SIGPIPE, the next write to a socket would end it unheard."""
    CliRunner().invoke(main, ["plugins"])
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN


@pytest.mark.parametrize("command", COMMANDS)
def test_every_listed_command_has_help(command: str) -> None:
    shown = CliRunner().invoke(main, [command, "--help"])
    assert shown.exit_code == 0
    assert "Usage:" in shown.stdout


def test_plugins_lists_every_kind_with_its_source() -> None:
    shown = CliRunner().invoke(main, ["plugins", "--details"])
    assert shown.exit_code == 0
    for word in ("fingerprinter", "generator", "index", "dataset", "degradation"):
        assert f"\n{word} " in shown.stdout
    assert "fpbench-audio" in shown.stdout
    assert "licence" in shown.stdout.lower()


@pytest.mark.slow
def test_a_scaffold_passes_check_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = CliRunner().invoke(main, ["new", str(tmp_path / "fpbench-tide")])
    assert made.exit_code == 0, made.stderr
    monkeypatch.chdir(tmp_path / "fpbench-tide")
    checked = CliRunner().invoke(main, ["check", "plugin:fpbench_tide"])
    assert checked.exit_code == 0, checked.output
    for option in ("--weights=pyproject.toml", "--set=width=1"):
        ignored = CliRunner().invoke(main, ["check", "plugin:fpbench_tide", option])
        assert ignored.exit_code == 2, option
        assert "tide " in ignored.stderr


def test_the_command_that_a_scaffold_prints_works(tmp_path: Path) -> None:
    folder = tmp_path / "my model"
    made = CliRunner().invoke(main, ["new", str(folder)])
    assert f"Try it:  cd '{folder}' && fpbench check plugin:fpbench_my_model\n" in made.stderr


@pytest.mark.slow
def test_plugins_shows_the_settings_of_a_part() -> None:
    shown = CliRunner().invoke(main, ["plugins", "noise"])
    assert shown.exit_code == 0
    assert re.search(r"min_snr_db +0.0 +dB +a number +Lowest SNR", shown.stdout)
    assert 'Set with [[recipe.degradations]] in a config file, with name = "noise".' in shown.stdout
    both = CliRunner().invoke(main, ["plugins", "nafp"]).stdout
    assert "fingerprinter nafp: " in both
    assert "trainable nafp: " in both
    one = CliRunner().invoke(main, ["plugins", "nafp", "--kind", "trainable"]).stdout
    assert "fingerprinter nafp: " not in one


def test_plugins_shows_a_part_of_a_file(tmp_path: Path, small_sketch: str) -> None:
    shown = CliRunner().invoke(main, ["plugins", small_sketch])
    assert shown.exit_code == 0
    assert "It has no settings." in shown.stdout


@pytest.mark.slow
def test_plugins_suggests_a_name() -> None:
    shown = CliRunner().invoke(main, ["plugins", "noize"])
    assert shown.exit_code == 2
    assert "did you mean 'noise'?" in shown.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("nafp", "offers fingerprinter 'nafp'", id="fingerprinter"),
        pytest.param("fpbench-NAFP", "offers fingerprinter 'nafp'", id="prefix"),
        pytest.param("exact", "offers index 'exact'", id="plugin"),
        pytest.param("plugins", "a module called fpbench_plugins is installed", id="module"),
    ],
)
def test_a_scaffold_refuses_an_existing_name(tmp_path: Path, name: str, message: str) -> None:
    shown = CliRunner().invoke(main, ["new", str(tmp_path / name)])
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_scaffold_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    shown = CliRunner().invoke(main, ["new", str(tmp_path)])
    assert shown.exit_code == 2
    assert "is not empty" in shown.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_a_scaffold_says_which_folder_it_cannot_make(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    shown = CliRunner().invoke(main, ["new", str(tmp_path / "file" / "wave")])
    assert shown.exit_code == 2
    assert "cannot make folder" in shown.stderr


@pytest.mark.slow
def test_a_scaffold_is_a_package_whose_own_test_passes(tmp_path: Path) -> None:
    folder = tmp_path / "fpbench-wave"
    assert CliRunner().invoke(main, ["new", str(folder)]).exit_code == 0
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(folder)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert tested.returncode == 0, tested.stdout


def test_debugging_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FPBENCH_DEBUG", "1")
    shown = CliRunner().invoke(main, ["leaderboard", "nowhere"])
    assert shown.exception is not None
    assert "nowhere" in str(shown.exception)
