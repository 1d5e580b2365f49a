"""A Ctrl-C is not lost, and does not break finalisers or imports."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import signal, sys, time
from fpbench.interrupts import defer_interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)
def wait():
    for _ in range(600):
        time.sleep(0.1)
try:
    with defer_interrupts():
        {body}
        wait()
except KeyboardInterrupt:
    print("stopped")
"""


def shown(body: str, folder: Path, program: str = PROGRAM) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program.replace("{body}", body)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    assert done.stderr == ""
    return done.stdout


def test_an_interrupt_in_a_finaliser_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "dying.py").write_text(
        "class Dying:\n    def __del__(self):\n        raise KeyboardInterrupt\n"
    )
    assert shown("from dying import Dying; Dying()", tmp_path) == "stopped\n"


@pytest.mark.slow
def test_an_import_is_finished_first(tmp_path: Path) -> None:
    (tmp_path / "native.py").write_text(
        "import signal, time\n"
        "signal.raise_signal(signal.SIGINT)\n"
        "time.sleep(0.2)\n"
        "print('imported')\n"
    )
    assert shown("import native", tmp_path) == "imported\nstopped\n"


def test_elsewhere_an_interrupt_is_immediate(tmp_path: Path) -> None:
    body = "signal.raise_signal(signal.SIGINT); print('not reached')"
    assert shown(body, tmp_path) == "stopped\n"


def test_an_interrupt_delayed_to_the_end_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "native.py").write_text("import signal; signal.raise_signal(signal.SIGINT)\n")
    program = PROGRAM.replace("        wait()\n", "    wait()\n")
    assert shown("import native", tmp_path, program) == "stopped\n"


def test_another_thread_changes_no_signals(tmp_path: Path) -> None:
    program = """
import threading
from fpbench.interrupts import defer_interrupts
def work():
    with defer_interrupts():
        print("worked")
worker = threading.Thread(target=work)
worker.start()
worker.join()
"""
    assert shown("", tmp_path, program) == "worked\n"
