"""Keeps apart what plugins change in the process: no plugin works with the changes of another.

These are the arguments of the program, the working directory, the locale, the handler of Ctrl-C,
the limit of recursion, NumPy's reactions to errors, and torch's defaults that change numbers. A
plugin finds again what it had set. The rest stays as a plugin leaves it: ``sys.path``, loggers,
filters of warnings, the number of threads, and global random generators, which the harness never
draws from.
"""

import locale
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Never

import numpy as np


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable of the process.

    Args:
        initial: The value before anyone changes it, for a variable of a library that a plugin
            imports.
    """

    read: Callable[[], Any]
    write: Callable[[Any], object]
    initial: Any = None


_left: dict[str, dict[str, Any]] = {}
_plugins: dict[str, str] = {}


def name_part(name: str, plugin: str) -> None:
    """Let a name of a plugin's part stand for the plugin in :func:`separate_state`."""
    _plugins[name] = plugin


@contextmanager
def separate_state(plugin: str) -> Iterator[None]:
    """Give a plugin the state of the process that it left, and restore that of the harness after.

    Args:
        plugin: Name of the plugin, or of one of its parts.
    """
    plugin = _plugins.get(plugin, plugin)
    before = {name: variable.read() for name, variable in _variables().items()}
    _write(_left.get(plugin, {}))
    arguments, end, process = sys.argv, os._exit, os.getpid()
    sys.argv = [plugin]
    # mypy knows its argument by name.
    setattr(os, "_exit", _make_exit(end, process))  # noqa: B010
    try:
        yield
    finally:
        if os.getpid() != process:
            _end_copy(plugin, end)
        sys.argv = arguments
        setattr(os, "_exit", end)  # noqa: B010
        after = {name: variable.read() for name, variable in _variables().items()}
        restored = {name: variable.initial for name, variable in _variables().items()} | before
        changed = [name for name, value in after.items() if value != restored[name]]
        _left[plugin] = {name: after[name] for name in changed if name not in _NEVER_BACK}
        _write({name: restored[name] for name in changed})


_NEVER_BACK = ("folder", "interrupts")
"""Variables that a plugin does not find again: paths and Ctrl-C mean the same at any time."""


def _write(values: Mapping[str, Any]) -> None:
    variables = _variables()
    for name, value in values.items():
        with suppress(OSError, ValueError, locale.Error):  # such as a folder that has gone
            # Precisions are inherited until they are written.
            if variables[name].read() != value:
                variables[name].write(value)


def _end_copy(plugin: str, end: Callable[[int], Never]) -> Never:
    """End a process that a plugin forked and did not end: it would go on with the whole command."""
    with suppress(OSError):
        os.write(2, f"plugin '{plugin}' forked a process that did not end: it ends now\n".encode())
    end(1)


def _make_exit(end: Callable[[int], Never], process: int) -> Callable[[int], Never]:
    """An ``os._exit`` that ends processes which a plugin forks, but not this one."""

    def exit_process(status: int) -> Never:
        if os.getpid() != process:
            end(status)
        raise SystemExit(status)

    return exit_process


def _variables() -> dict[str, _Variable]:
    variables = {
        "folder": _Variable(_folder, _enter),
        "locale": _Variable(
            lambda: locale.setlocale(locale.LC_ALL),
            lambda name: locale.setlocale(locale.LC_ALL, name),
        ),
        "recursion": _Variable(sys.getrecursionlimit, sys.setrecursionlimit),
        "numpy errors": _Variable(np.geterr, lambda reactions: np.seterr(**reactions)),
    }
    if threading.current_thread() is threading.main_thread():
        variables["interrupts"] = _Variable(_interrupt_handler, _handle_interrupts)
    torch = sys.modules.get("torch")
    return variables | (_torch_variables(torch) if hasattr(torch, "get_default_device") else {})


def _torch_variables(torch: Any) -> dict[str, _Variable]:
    variables = {
        "default dtype": (torch.get_default_dtype, torch.set_default_dtype, torch.float32),
        "default device": (
            torch.get_default_device,
            # An explicit cpu would slow every call down.
            lambda device: torch.set_default_device(None if device.type == "cpu" else device),
            torch.device("cpu"),
        ),
        "gradients": (torch.is_grad_enabled, torch.set_grad_enabled, True),
        "matmul precision": (
            lambda: _matmul_precision(torch),
            lambda precision: precision and torch.set_float32_matmul_precision(precision),
            "highest",
        ),
        "deterministic": (
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
            False,
        ),
    }
    attributes = dict(_torch_attributes(torch))
    return {
        **{name: _Variable(*variable) for name, variable in variables.items()},
        **{name: _attribute(part, name) for name, part in attributes.items()},
    }


def _matmul_precision(torch: Any) -> str | None:
    """The precision of products; None if a plugin has set that of one library alone."""
    try:
        precision: str = torch.get_float32_matmul_precision()
    except RuntimeError:
        return None
    return precision


def _torch_attributes(torch: Any) -> Iterator[tuple[str, Any]]:
    """Names of attributes that change numbers, and what has them, each after what it inherits."""
    backends = torch.backends
    precise = {
        "": backends,
        "mkldnn.": backends.mkldnn,
        "mkldnn.matmul.": backends.mkldnn.matmul,
        "mkldnn.conv.": backends.mkldnn.conv,
        "mkldnn.rnn.": backends.mkldnn.rnn,
        "cuda.matmul.": backends.cuda.matmul,
        "cudnn.": backends.cudnn,
        "cudnn.conv.": backends.cudnn.conv,
        "cudnn.rnn.": backends.cudnn.rnn,
    }
    yield from ((f"{name}fp32_precision", part) for name, part in precise.items())
    for name in ("enabled", "benchmark", "deterministic"):
        yield f"cudnn.{name}", backends.cudnn
    yield "mkldnn.enabled", backends.mkldnn


_INITIAL = {
    "cudnn.conv.fp32_precision": "tf32",
    "cudnn.rnn.fp32_precision": "tf32",
    "cudnn.enabled": True,
    "cudnn.benchmark": False,
    "cudnn.deterministic": False,
    "mkldnn.enabled": True,
}
"""Values of :func:`_torch_attributes` before anyone changes them; of the others it is none."""


def _attribute(part: Any, name: str) -> _Variable:
    attribute = name.rpartition(".")[2]
    return _Variable(
        lambda: getattr(part, attribute),
        lambda value: setattr(part, attribute, value),
        _INITIAL.get(name, "none"),
    )


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:  # it has gone
        return None


def _enter(folder: str | None) -> None:
    if folder is not None:
        os.chdir(folder)


def _interrupt_handler() -> Any:
    return signal.getsignal(signal.SIGINT)


def _handle_interrupts(handler: Any) -> None:
    if handler is not None:  # None stands for one that Python did not set
        signal.signal(signal.SIGINT, handler)
