"""Ctrl-C at any moment, even when Python and its extensions cannot bear it."""

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

    Python drops what is raised inside a finaliser or a callback of a weak reference. When their
    import is interrupted, native modules abort the process, and others stay half imported for the
    rest of a session.
    """
    usual = sys.unraisablehook
    # Not if it is ignored; and only the main thread may change what a signal does.
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
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
        late = any(timer.is_alive() for timer in timers)
        for timer in timers:
            timer.cancel()
    if late:
        raise KeyboardInterrupt
