"""What a plugin changes in the process counts for itself only."""

import locale
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fpbench.plugin import process_state
from fpbench.plugin.process_state import name_part, separate_state


@pytest.fixture(autouse=True)
def forget_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(process_state, "_left", {})
    monkeypatch.setattr(process_state, "_plugins", {})
    state = read_all()
    yield
    assert read_all() == state


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[], object]]] = {
    "numpy": (np.geterr, lambda: np.seterr(all="raise")),
    "locale": (lambda: locale.setlocale(locale.LC_ALL), lambda: locale.setlocale(6, "C")),
    "dtype": (torch.get_default_dtype, lambda: torch.set_default_dtype(torch.float64)),
    "device": (torch.get_default_device, lambda: torch.set_default_device("meta")),
    "gradients": (torch.is_grad_enabled, lambda: torch.set_grad_enabled(False)),
    "recursion": (sys.getrecursionlimit, lambda: sys.setrecursionlimit(5_000)),
    "precision": (
        torch.get_float32_matmul_precision,
        lambda: torch.set_float32_matmul_precision("medium"),
    ),
    "one library's precision": (
        lambda: torch.backends.mkldnn.matmul.fp32_precision,
        lambda: setattr(torch.backends.mkldnn.matmul, "fp32_precision", "bf16"),
    ),
    "all libraries' precision": (
        lambda: (torch.backends.fp32_precision, torch.backends.cudnn.conv.fp32_precision),
        lambda: setattr(torch.backends, "fp32_precision", "ieee"),
    ),
    "algorithms": (
        lambda: torch.backends.cudnn.benchmark,
        lambda: setattr(torch.backends.cudnn, "benchmark", True),
    ),
    "oneDNN": (
        lambda: torch.backends.mkldnn.enabled,
        lambda: setattr(torch.backends.mkldnn, "enabled", False),
    ),
    "deterministic": (
        torch.are_deterministic_algorithms_enabled,
        lambda: torch.use_deterministic_algorithms(True),
    ),
}


def read_all() -> dict[str, Any]:
    return {name: read() for name, (read, _) in CHANGES.items()}


@pytest.mark.parametrize("name", CHANGES)
def test_a_plugin_alone_finds_again_what_it_set(name: str) -> None:
    read, change = CHANGES[name]
    before = read()
    with separate_state("mine"):
        change()
        changed = read()
    assert read() == before
    with separate_state("another"):
        assert read() == before
    name_part("plugin:mine.py", "mine")
    with separate_state("plugin:mine.py"):
        assert read() == changed


def test_paths_mean_the_same_after_a_plugin(tmp_path: Path) -> None:
    before = Path.cwd()
    with separate_state("mine"):
        os.chdir(tmp_path)
    assert Path.cwd() == before
    with separate_state("mine"):
        assert Path.cwd() == before


def test_ctrl_c_is_handled_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with separate_state("mine"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_plugin_does_not_see_the_arguments_of_fpbench(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["fpbench", "run", "--seed", "3"]
    monkeypatch.setattr(sys, "argv", arguments)
    with separate_state("mine"):
        assert sys.argv == ["mine"]
    assert sys.argv is arguments


def test_a_process_that_a_plugin_forks_ends_as_it_wants() -> None:
    with separate_state("mine"):
        child = os.fork()
        if child == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_precision_that_was_given_back_is_inherited_again() -> None:
    with separate_state("mine"):
        torch.backends.fp32_precision = "ieee"
    with separate_state("another"):
        torch.backends.fp32_precision = "tf32"
        assert torch.backends.mkldnn.conv.fp32_precision == "tf32"


def test_a_forked_process_that_comes_back_does_not_go_on(capfd: pytest.CaptureFixture[str]) -> None:
    here = os.getpid()
    with separate_state("forks"):
        child = os.fork()
    assert os.getpid() == here  # the child ends before this line
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert "plugin 'forks' forked a process that did not end" in capfd.readouterr().err
