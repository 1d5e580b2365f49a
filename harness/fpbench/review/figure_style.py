"""matplotlib with settings of its own, whatever those of the user or of the environment are."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, suppress
from importlib import import_module
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any

_KEPT = ("backend", "backend_fallback", "interactive", "toolbar")
"""Settings of windows: figures are written without them, and setting them may open one."""


def load_matplotlib() -> Any:
    """Import matplotlib, although the environment may hold settings that it refuses.

    Jupyter sets ``MPLBACKEND`` for its kernels, whose commands inherit it; outside the kernel's
    environment, the import fails for it. A ``matplotlibrc`` that is not UTF-8 or may not be read
    ends the import, too. In a notebook the user's settings stay in force as far as they are valid.
    """
    loaded = sys.modules.get("matplotlib")
    if loaded is not None:
        return loaded
    backend = os.environ.pop("MPLBACKEND", None)
    log = getLogger("matplotlib")
    level = log.level
    log.setLevel(ERROR)  # it warns of folders and settings that no figure of ours needs
    try:
        try:
            mpl = import_module("matplotlib")
        except (ValueError, OSError, RuntimeError):
            for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
                del sys.modules[
                    name
                ]  # a package that is imported again must import its parts again
            with _no_settings():
                mpl = import_module("matplotlib")
    finally:
        log.setLevel(level)
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            mpl.rcParams["backend"] = backend
    return mpl


@contextmanager
def _no_settings() -> Iterator[None]:
    """Let matplotlib find no ``matplotlibrc``: it looks in the working directory first."""
    before = os.environ.get("MATPLOTLIBRC")
    os.environ["MATPLOTLIBRC"] = os.devnull
    try:
        with chdir(Path(sys.executable).anchor or os.sep):
            yield
    finally:
        if before is None:
            del os.environ["MATPLOTLIBRC"]
        else:
            os.environ["MATPLOTLIBRC"] = before


@contextmanager
def own_style() -> Iterator[None]:
    """Draw and write with matplotlib's defaults, whatever the user's ``matplotlibrc`` says.

    Settings apply both when parts of a figure are created and when it is written.
    """
    mpl = load_matplotlib()
    with mpl.rc_context():
        # Not rcdefaults(): it also reads the user's style sheets, and fails if one is damaged.
        defaults = {k: v for k, v in mpl.rcParamsDefault.items() if k not in _KEPT}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of settings that matplotlib is about to drop
            mpl.rcParams.update(defaults)
        mpl.rcParams["svg.hashsalt"] = "fpbench"  # otherwise ids in an SVG are random
        yield
