"""Searches blocks with several processes of this machine, such as one for each GPU."""

import logging
import os
import pickle
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any, NamedTuple

from fpbench.errors import FpbenchError
from fpbench.machine import usable_cores
from fpbench.plugin.indexes import Candidates
from fpbench.search.blocks import Queries
from fpbench.search.engines.engine import Block, Cell
from fpbench.search.engines.parts import SearchParts
from fpbench.search.engines.worker import Failure, Worker, find_other_part

_SERVE = f"from {__name__} import serve; serve()"


@dataclass(frozen=True, slots=True)
class ProcessesEngine:
    """Implements :class:`fpbench.search.engines.engine.Engine` with processes of this machine.

    A process sees one GPU alone, so that plugins need not know of several. Each asks for the next
    block when it has finished one.

    Args:
        environments: Environment variables of each process, beside those of this one.
        parts: Describes what processes search with.
    """

    environments: Sequence[Mapping[str, str]]
    parts: SearchParts

    def search(self, blocks: Sequence[Block], queries: Queries) -> Iterator[Cell]:
        if not blocks:
            return
        # The longest first, so that all processes end at about the same time.
        left = deque(sorted(blocks, key=lambda block: block.start - block.stop))
        answers: SimpleQueue[_Found | Exception | None] = SimpleQueue()
        threads = str(max(1, usable_cores() // len(self.environments)))
        with ExitStack() as stack:
            for environment in self.environments:
                own = {"OMP_NUM_THREADS": threads, **os.environ, **environment}
                process = stack.enter_context(_start_process(own))
                task = (process, self.parts, queries, left, answers)
                Thread(target=_give_blocks, args=task, daemon=True).start()
            working = len(self.environments)
            while working:
                answer = answers.get()
                if isinstance(answer, Exception):
                    raise answer
                if answer is None:
                    working -= 1
                else:
                    for search, found in zip(answer.block.searches, answer.candidates, strict=True):
                        yield Cell(answer.block, search, found)


class _Found(NamedTuple):
    """The candidates of a block, for each of its searches."""

    block: Block
    candidates: Sequence[Candidates]


class _Bug(NamedTuple):
    """An error of a worker that no user can mend."""

    text: str


@contextmanager
def _start_process(environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that answers calls of a worker; it ends after the block, whatever it does."""
    # It imports what this process can import, such as a plugin of the working directory.
    path = os.pathsep.join(folder for folder in sys.path if folder)
    process = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for this process, which ends the others
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _give_blocks(
    process: "subprocess.Popen[bytes]",
    parts: SearchParts,
    queries: Queries,
    left: "deque[Block]",
    answers: "SimpleQueue[_Found | Exception | None]",
) -> None:
    """Let a process search one block after the other, until none is left."""
    try:
        identity = _ask(process, "open", parts, queries, Path.cwd())
        difference = find_other_part(identity, parts.identity)
        if difference is not None:
            raise FpbenchError(
                f"a process that searches {difference}",
                hint="do not change plugins or weights while a run goes on",
            )
        while left:
            block = left.popleft()
            keys = [search.candidates.key for search in block.searches]
            answers.put(_Found(block, _ask(process, "search", block.start, block.stop, keys)))
    except IndexError:  # another thread took the last block
        answers.put(None)
    except (FpbenchError, RuntimeError) as err:
        answers.put(err)
    except (EOFError, OSError, ValueError, pickle.UnpicklingError) as err:  # a broken pipe
        died = FpbenchError(
            f"a process that searches has died with status {process.poll()}",
            hint="often it is too little memory; run the same command again, and it goes on where "
            "it stopped",
        )
        died.__cause__ = err
        answers.put(died)
    else:
        answers.put(None)


def _ask(process: "subprocess.Popen[bytes]", method: str, *arguments: Any) -> Any:
    """The answer of a worker to a call.

    Raises:
        FpbenchError: It failed.
        RuntimeError: It has a bug.
        EOFError: The process has ended.
    """
    if process.stdin is None or process.stdout is None:
        raise ValueError("a process without pipes cannot be asked")
    _send((method, arguments), process.stdin)
    answer = pickle.load(process.stdout)  # noqa: S301 - of our own process
    if isinstance(answer, Failure):
        raise answer.error()
    if isinstance(answer, _Bug):
        raise RuntimeError(f"a process that searches failed:\n{answer.text}")
    return answer


def _send(message: object, stream: IO[bytes]) -> None:
    pickle.dump(message, stream, protocol=5)
    stream.flush()


def serve() -> None:
    """Answer the calls of another process, which come through the standard input."""
    # What a plugin prints must not mix with answers; and the other process warns for all.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.disable(logging.WARNING)
    worker = Worker()
    while True:
        try:
            method, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own process
        except EOFError:
            return
        try:
            answer = getattr(worker, method)(*arguments)
        except Exception:  # it is raised again in the other process
            answer = _Bug(traceback.format_exc())
        _send(answer, answers)
