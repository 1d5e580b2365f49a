"""Records which code and files a plugin reads, each with a hash of its content."""

import linecache
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import safetensors

import fpbench.cache
from fpbench.errors import FpbenchError
from fpbench.hashing import file_sha256
from fpbench.plugin.imports import code_sha256, is_installed

Reads = Mapping[Path, str]
"""Hash of each file that was read; for Python code, of its syntax without comments."""

_VIRTUAL_FOLDERS = ("/proc", "/sys", "/dev")
_HARNESS = Path(__file__).parents[1]  # cache keys name its code by themselves

_NO_INPUT = {
    linecache.__file__,  # source text that is shown to people: any library reads any code, but once
    fpbench.cache.__file__,  # follows from other inputs, and is not there in a first run
}

_Opener = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)  # two may have heard the same
class _Recorder:
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)  # what modules read while they are imported

    def note(self, path: object, flags: int) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a file descriptor, which was opened before
        readers = {frame.f_code.co_filename for frame in _frames()}
        if not readers.isdisjoint(_NO_INPUT):
            return
        name = str(Path.cwd() / os.fsdecode(path))
        if flags & os.O_ACCMODE == os.O_WRONLY or flags & os.O_TRUNC:
            self.written.add(name)
            return
        self.read.add(name)
        if any(reader.startswith("<frozen importlib") for reader in readers):
            self.imported.add(name)


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


_recorders: list[_Recorder] = []


@contextmanager
def record_reads(reads: dict[Path, str], imports: dict[Path, str] | None = None) -> Iterator[None]:
    """Add to ``reads`` what is read before the context ends, by any thread.

    These are files that Python or safetensors opens, and modules that are imported, except those of
    the standard library, of installed packages and of fpbench. Other libraries of C code open files
    unseen. Files that are also written are left out: they are no input. So are outputs in fpbench's
    cache, and code that Python reads to show lines of it, as PyTorch asks for when it is imported.

    Args:
        reads: Gets the hash of each file.
        imports: Gets the part of them that no later import reads again: modules, and what they
            read while they are imported.
    """
    recorder, before = _Recorder(), set(sys.modules)
    _recorders.append(recorder)
    try:
        with hear_reads():
            yield
    finally:
        _recorders.remove(recorder)
        modules = (module for name, module in list(sys.modules.items()) if name not in before)
        origins = {getattr(getattr(module, "__spec__", None), "origin", None) for module in modules}
        once = {*origins, *recorder.imported}
        for name in {*origins, *recorder.read} - {*recorder.written, None}:
            _add(reads, str(name))
            if imports is not None and name in once:
                _add(imports, str(name))


def _add(reads: dict[Path, str], name: str) -> None:
    """Add a file, unless it is no input of a plugin, or has gone."""
    path = Path(name)
    if name.startswith(_VIRTUAL_FOLDERS) or is_installed(path) or not path.is_file():
        return
    path = path.resolve()
    if path.suffix == ".pyc" or path.is_relative_to(_HARNESS) or path == _main_script():
        return
    try:
        reads[path] = code_sha256(path) if path.suffix == ".py" else file_sha256(path)
    except FpbenchError:  # it has gone, or may not be read any more
        return


def _main_script() -> Path | None:
    """The program that is running; libraries open it for their warnings and tracebacks."""
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(name).resolve() if name else None


@cache
def _listen() -> None:
    """Hear of every file that Python opens, once for all: an audit hook cannot be removed."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _recorders and event == "open":
        path, _, flags = arguments
        for recorder in _recorders:
            recorder.note(path, flags)
    elif _recorders and event in ("sqlite3.connect", "ctypes.dlopen"):
        for recorder in _recorders:
            recorder.note(arguments[0], os.O_RDONLY)


@contextmanager
def hear_reads() -> Iterator[None]:
    """Hear of every file that Python or safetensors opens; around several records it saves time."""
    _listen()
    open_file: _Opener = safetensors.safe_open
    if getattr(open_file, "is_heard", False):
        yield
        return

    def safe_open(filename: Any, *arguments: Any, **options: Any) -> Any:
        for recorder in _recorders:
            recorder.note(filename, os.O_RDONLY)
        return open_file(filename, *arguments, **options)

    safe_open.is_heard = True  # type: ignore[attr-defined]
    _replace_function("safe_open", open_file, safe_open)
    try:
        yield
    finally:
        _replace_function("safe_open", safe_open, open_file)


def _replace_function(name: str, old: _Opener, new: _Opener) -> None:
    """Replace a function in all modules that have it."""
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(name) is old:
            setattr(module, name, new)
