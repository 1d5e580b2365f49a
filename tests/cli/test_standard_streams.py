"""Results alone go to stdout, and plugins wait for no input."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.cli.standard_streams import close_input, reserve_stdout

NOISY = """
import os, subprocess, sys, threading
from fpbench import hookimpl

def make_noise(when):
    print("print", when)
    sys.__stdout__.write("original\\n")
    os.write(1, b"descriptor\\n")
    subprocess.run(["echo", "child"])

make_noise("at import")
thread = threading.Thread(target=make_noise, args=["in a thread"])
thread.start()
thread.join()
print("read", len(sys.stdin.read()))

@hookimpl
def fpbench_fingerprinters():
    make_noise("in a hook")
    return []
"""


@pytest.fixture
def noisy(tmp_path: Path) -> str:
    path = tmp_path / "noisy.py"
    path.write_text(NOISY)
    return f"plugin:{path}"


def test_all_but_results_goes_to_stderr(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a process: a stream on file descriptor 1.
    monkeypatch.setattr(sys, "stdout", open(1, "w", closefd=False))  # noqa: SIM115
    with reserve_stdout() as results:
        assert results is not None
        print("print")
        os.write(1, b"descriptor\n")
        ctypes.CDLL(None).puts(b"C code")
        ctypes.CDLL(None).fflush(None)
        subprocess.run(["echo", "child"], check=True)
        results.write("result\n")
    print("after")
    sys.stdout.flush()
    out, err = capfd.readouterr()
    assert out == "result\nafter\n"
    assert sorted(err.split("\n")) == ["", "C code", "child", "descriptor", "print"]


def test_an_input_that_is_no_terminal_is_empty() -> None:
    before = sys.stdin
    with close_input():
        assert sys.stdin.read() == ""
    assert sys.stdin is before


def test_a_command_prints_no_words_of_a_plugin(noisy: str) -> None:
    shown = CliRunner().invoke(main, ["plugins", noisy], input="for others")
    assert shown.stdout == ""
    assert "print at import\n" in shown.stderr
    assert "print in a thread\n" in shown.stderr
    assert "read 0\n" in shown.stderr


def test_a_plugin_that_reads_arguments_as_a_script_is_named(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import argparse; p = argparse.ArgumentParser(); p.add_argument('data')\n")
    with script.open("a") as file:
        file.write("options = p.parse_args()\n")
    shown = CliRunner().invoke(main, ["check", f"plugin:{script}"])
    assert shown.exit_code == 2
    assert f"Error: plugin '{script}' tried to end the program while importing it" in shown.stderr
    assert "Traceback" not in shown.output


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["", "1", "0"])
def test_the_results_of_a_process_hold_no_words_of_a_plugin(noisy: str, closed: str) -> None:
    """Not at exit, either; a closed stream is no reason to fail."""
    with Path(noisy.removeprefix("plugin:")).open("a") as file:
        file.write("import atexit; atexit.register(make_noise, 'at exit')\n")
    arguments = [sys.executable, "-m", "fpbench", "plugins", noisy]
    redirection = f"{closed}>&-" if closed else "<&0"
    shown = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
        input="for others",
    )
    assert shown.stdout == ""
    assert "offers no" in shown.stderr
    if closed != "1":
        assert shown.stderr.count("child\n") == shown.stderr.count("original\n") == 4
