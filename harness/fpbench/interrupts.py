"""Safe Ctrl-C at any moment, also while Python or its extensions cannot handle an exception."""

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
    """Delay ``KeyboardInterrupt`` inside the block while it would do harm.

    Python drops exceptions in a finaliser or in a callback of a weak reference. If an import is
    interrupted, native modules abort the process, and others stay half imported for the rest of
    the session.
    """
    default_hook = sys.unraisablehook
    # SIGINT may be ignored or handled elsewhere; and only the main thread may set a handler.
    replaces_handler = (
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
            default_hook(dropped)

    def interrupt(_number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
                again()
                return
            frame = frame.f_back
        raise KeyboardInterrupt

    sys.unraisablehook = hook
    if replaces_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        sys.unraisablehook = default_hook
        if replaces_handler:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        late = any(timer.is_alive() for timer in timers)
        for timer in timers:
            timer.cancel()
    if late:
        raise KeyboardInterrupt
