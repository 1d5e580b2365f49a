"""What a terminal cannot show is replaced, and closed streams end nothing."""

import codecs
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.cli.terminal import REPLACE, replace_unknown, show_record

COMMAND = "from fpbench.cli import command; command()"

SHOW = """
import click, sys
from fpbench.cli.terminal import prepare_streams
prepare_streams()
for error in (False, True):
    click.echo("caf\\u00e9 \\u00b1 1 \\u2013 2 \\u97f3 \\udce9", err=error)
"""


def start(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", r"caf\xe9 +- 1 - 2 \u97f3 \xe9 -> ... # <="),
        ("latin-1", "caf\u00e9 \u00b1 1 - 2 \\u97f3 \\xe9 -> ... # <="),
        ("cp437", "caf\u00e9 \u00b1 1 - 2 \\u97f3 \\xe9 -> ... \u2588 \u2264"),
        ("cp932", "caf\\xe9 \u00b1 1 - 2 \u97f3 \\xe9 \u2192 \u2026 # <="),
        ("utf-8", "caf\u00e9 \u00b1 1 \u2013 2 \u97f3 \\xe9 \u2192 \u2026 \u2588 \u2264"),
    ],
)
def test_an_encoding_shows_what_it_has_and_replaces_the_rest(encoding: str, shown: str) -> None:
    codecs.register_error(REPLACE, replace_unknown)
    text = "caf\u00e9 \u00b1 1 \u2013 2 \u97f3 \udce9 \u2192 \u2026 \u2588 \u2264"
    assert text.encode(encoding, REPLACE).decode(encoding) == shown


def test_only_writing_replaces() -> None:
    with pytest.raises(UnicodeDecodeError):
        replace_unknown(UnicodeDecodeError("utf-8", b"x", 0, 1, "for a test"))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp932", "koi8-r", "utf-8"])
@pytest.mark.slow
def test_both_streams_replace_what_the_terminal_lacks(encoding: str) -> None:
    shown = start(SHOW, PYTHONIOENCODING=encoding)
    assert shown.returncode == 0
    assert shown.stdout == shown.stderr
    text = shown.stdout.decode(encoding)
    assert text.startswith("caf")
    assert text.endswith(" \\xe9\n")


@pytest.mark.slow
def test_a_help_page_is_plain_where_the_terminal_is() -> None:
    help_page = start(COMMAND, "run", "--help", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert help_page.returncode == 0
    assert b"Measure hit rate" in help_page.stdout
    assert help_page.stdout.isascii()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.slow
def test_closed_streams_end_nothing_and_get_into_no_file(tmp_path: Path, closed: str) -> None:
    program = f"""
import os
from fpbench.cli.terminal import prepare_streams
prepare_streams()
with open({str(tmp_path / "file")!r}, "wb") as file:
    assert file.fileno() > 2
    for number in (1, 2):
        os.write(number, b"what a library says")
print("result")
"""
    ended = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, program], check=False
    )
    assert ended.returncode == 0
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.slow
def test_lost_results_are_an_error_and_lost_messages_are_not() -> None:
    for stream, code in ((">", 2), ("2>", 0)):
        ended = subprocess.run(
            ["sh", "-c", f'exec "$0" -c "$1" plugins {stream} /dev/full', sys.executable, COMMAND],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code
        assert "Traceback" not in ended.stderr
        if code:
            assert ended.stderr == "Error: cannot write to stdout: No space left on device\n"


@pytest.mark.slow
def test_a_folder_that_was_removed_is_an_error(tmp_path: Path) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" -c "$1" plugins'
    ended = subprocess.run(
        ["sh", "-c", script, sys.executable, COMMAND],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: the current folder cannot be used: No such file")


@pytest.mark.parametrize("command", ["validate", "export", "compare", "leaderboard"])
def test_a_terminal_obeys_nothing_in_names_of_files_and_fields(
    tmp_path: Path, command: str
) -> None:
    file = tmp_path / "a\x1b[2J\u202eb.json"
    file.write_text(json.dumps({"result_format": "1.0", "x\x1b[31my": 1}))
    again = [str(file)] if command == "compare" else []
    shown = CliRunner().invoke(main, [command, str(file), *again])
    assert shown.exit_code != 0
    assert "a\\x1b[2J\\u202eb.json" in shown.output
    assert all(line.isprintable() for line in shown.output.split("\n"))


def test_a_terminal_obeys_nothing_in_warnings(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s is\nodd", ("a\x1b[2J.wav",), None)
    assert show_record(record)
    assert record.getMessage() == "a\\x1b[2J.wav is\nodd"
