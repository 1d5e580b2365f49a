"""Ctrl-C at any moment, also at those at which Python and its extensions cannot bear it."""

import _thread
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

AGAIN_S = 0.05


@contextlib.contextmanager
def defer_interrupts() -> Iterator[None]:
    """Within it Ctrl-C raises ``KeyboardInterrupt`` a little later where it would do harm now.

    Python drops what is raised inside a finaliser or a callback of a weak reference, and native
    modules abort the process when their import is interrupted.
    """
    usual = sys.unraisablehook
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not if it is ignored
    timers: list[threading.Timer] = []

    def again() -> None:
        timers.append(threading.Timer(AGAIN_S, _thread.interrupt_main))
        timers[-1].daemon = True
        timers[-1].start()

    def hook(dropped: "sys.UnraisableHookArgs") -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            again()
        else:
            usual(dropped)

    def interrupt(_number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
                again()
                return
            frame = frame.f_back
        raise KeyboardInterrupt

    sys.unraisablehook = hook
    if ours:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        sys.unraisablehook = usual
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        for timer in timers:
            timer.cancel()
