"""Starts further processes of this Python."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def start_python(
    code: str, environment: Mapping[str, str], *, stdout: int = subprocess.PIPE
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs some code; it ends after the block, whatever it does.

    It imports what this process can import, such as a plugin of the working directory. It hears no
    Ctrl-C, which is for this process.

    Args:
        code: The program.
        environment: Its environment variables, without ``PYTHONPATH``.
        stdout: Its standard output, as for :class:`subprocess.Popen`. The input is a pipe.
    """
    path = os.pathsep.join(folder for folder in sys.path if folder)
    process = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=stdout,
        env={**environment, "PYTHONPATH": path},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
