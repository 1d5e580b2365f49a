"""A Ctrl-C is not lost, and does not break finalisers or imports."""

import os
import signal
import subprocess
import sys
import time
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


SESSION = """
import time
from pathlib import Path
import numpy as np
import fpbench

class Slow:
    spec = fpbench.FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=8)
    wait_s, segments = 0.0, 0

    def embed(self, segments, /):
        self.segments += len(segments)
        if self.wait_s and self.segments > 400:  # among the distractors
            Path("waiting").touch()
            time.sleep(self.wait_s)
        vectors = np.abs(segments[:, :8]) + 0.1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

def run(model, cache):
    return fpbench.run(
        fingerprinter=model, dataset="folder:MUSIC", sizes=[100], queries=20, cache=cache,
        recipe={"max_offset_s": 0, "degradations": [{"name": "gain"}]}, distractors="real",
    )

whole = Slow()
expected = run(whole, "another")
stopped = Slow()
stopped.wait_s = 600.0
try:
    run(stopped, "cache")
except KeyboardInterrupt:
    print("stopped")
resumed = Slow()
result = run(resumed, "cache")
print(result.evidence == expected.evidence, whole.segments - resumed.segments)
"""


@pytest.mark.slow
def test_ctrl_c_stops_a_run_and_the_next_call_continues(tmp_path: Path, music: Path) -> None:
    (tmp_path / "session.py").write_text(SESSION.replace("MUSIC", str(music)))
    with subprocess.Popen(
        [sys.executable, "-u", "session.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job ignores Ctrl-C and hands that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as session:
        try:
            while session.poll() is None and not (tmp_path / "waiting").exists():
                time.sleep(0.05)
            session.send_signal(signal.SIGINT)
            shown, errors = session.communicate(timeout=120)
        finally:
            session.kill()
    first, last = shown.splitlines()
    assert first == "stopped", errors
    same, spared = last.split()
    assert same == "True"
    # The reference, 8 tracks of 19 segments each, was finished; two tracks are compared again.
    assert int(spared) >= (8 - 2) * 19
