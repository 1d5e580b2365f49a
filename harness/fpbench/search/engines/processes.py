"""Carries out orders with several processes of this machine, such as one for each GPU."""

import logging
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any, NamedTuple

from fpbench.errors import FpbenchError
from fpbench.machine import usable_cores
from fpbench.python_processes import start_python
from fpbench.search.engines.orders import Done, Order, OrderQueue, SentWork, sort_answers
from fpbench.search.engines.worker import Failure, Worker, find_other_part

_SERVE = f"from {__name__} import serve; serve()"


@dataclass(frozen=True, slots=True)
class ProcessWorkers:
    """Implements :class:`fpbench.search.engines.orders.Workers` with processes of this machine.

    A process sees one GPU alone, so that plugins need not know of several.

    Args:
        environments: Environment variables of each process, beside those of this one.
    """

    environments: Sequence[Mapping[str, str]]

    def carry_out(
        self, work: SentWork, orders: Sequence[Order], *, in_order: bool = False
    ) -> Iterator[Done]:
        if orders:
            answers = self._answers(work, orders, in_order=in_order)
            yield from sort_answers(answers, orders) if in_order else answers

    def _answers(
        self, work: SentWork, orders: Sequence[Order], *, in_order: bool
    ) -> Iterator[Done]:
        left = OrderQueue(orders, len(self.environments), in_order=in_order)
        answers: _Answers = SimpleQueue()
        with ExitStack() as stack:
            for environment in self._own_environments():
                stack.enter_context(_start_worker(environment, work, answers))
            idle = list[_ProcessWorker]()
            opening = len(self.environments)  # each is asked what it has, also if it comes too late
            while left.unfinished or opening:
                worker, order, answer = answers.get()
                if isinstance(answer, Exception):
                    raise answer
                idle.append(worker)
                if order is None:
                    opening -= 1
                else:
                    left.finish(order)
                while idle and (following := left.take()) is not None:
                    idle.pop().orders.put(following)
                if order is not None and answer is not None:
                    yield Done(order, answer)

    def _own_environments(self) -> Iterator[Mapping[str, str]]:
        threads = str(max(1, usable_cores() // len(self.environments)))
        for environment in self.environments:
            yield {"OMP_NUM_THREADS": threads, **os.environ, **environment}


@dataclass(frozen=True, slots=True, eq=False)
class _ProcessWorker:
    """A process and the orders that it is given; None ends its thread."""

    process: "subprocess.Popen[bytes]"
    orders: "SimpleQueue[Order | None]" = field(default_factory=SimpleQueue)


_Answers = SimpleQueue[tuple[_ProcessWorker, Order | None, Any]]
"""Answers to orders, and to the opening of the work, which is no order; or what went wrong."""


@contextmanager
def _start_worker(
    environment: Mapping[str, str], work: SentWork, answers: _Answers
) -> Iterator[_ProcessWorker]:
    """A worker that opens the work and then waits for orders, until the end of the block."""
    with start_python(_SERVE, environment) as process:
        worker = _ProcessWorker(process)
        Thread(target=_serve_orders, args=(worker, work, answers), daemon=True).start()
        try:
            yield worker
        finally:
            worker.orders.put(None)


class _Bug(NamedTuple):
    """An error of a worker that no user can mend."""

    text: str


def _serve_orders(worker: _ProcessWorker, work: SentWork, answers: _Answers) -> None:
    """Let a process open the work, and carry out one order after the other."""
    process = worker.process
    try:
        identity = _ask(process, "open", work, Path.cwd())
        difference = find_other_part(identity, work.identity)
        if difference is not None:
            raise FpbenchError(
                f"a process of this run {difference}",
                hint="do not change plugins or weights while a run goes on",
            )
        answers.put((worker, None, None))
        for order in iter(worker.orders.get, None):
            answers.put((worker, order, _ask(process, "carry_out", order.content)))
    except (FpbenchError, RuntimeError) as err:
        answers.put((worker, None, err))
    except (EOFError, OSError, ValueError, pickle.UnpicklingError) as err:  # a broken pipe
        died = FpbenchError(
            f"a process of this run has died with status {process.poll()}",
            hint="often it is too little memory; run the same command again, and it goes on where "
            "it stopped",
        )
        died.__cause__ = err
        answers.put((worker, None, died))


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
        raise RuntimeError(f"a process of this run failed:\n{answer.text}")
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
