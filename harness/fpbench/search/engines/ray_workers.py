"""Carries out orders with the workers of a Ray cluster."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any, Literal

from fpbench.errors import FpbenchError
from fpbench.search.engines.orders import Done, Order, OrderQueue, SentWork, sort_answers
from fpbench.search.engines.ray_cluster import Place, RayCluster
from fpbench.search.engines.worker import Failure, WorkerNote, find_difference, find_other_part

AT_ONCE = 2
"""Orders that a worker has: one that it carries out, and the next one."""

MOST_DEATHS = 3
"""Workers that may die of one order, or in a row before they have any; then it is no accident."""

_PATIENCE_S = 60.0  # after which the user is told that nothing moves

_EXCEPTION = re.compile(r"[\w.]+(Error|Exception): ")

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RayWorkers:
    """Implements :class:`fpbench.search.engines.orders.Workers` with a cluster.

    The work is put once. Orders of a worker that has died are given to others, and the worker is
    replaced.

    Args:
        cluster: Its workers.
    """

    cluster: RayCluster

    def carry_out(
        self, work: SentWork, orders: Sequence[Order], *, in_order: bool = False
    ) -> Iterator[Done]:
        if not orders:
            return
        job = _Job(self.cluster, work, orders, in_order=in_order)
        try:
            yield from sort_answers(job.run(), orders) if in_order else job.run()
        finally:
            job.stop()


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What a worker is asked: to describe itself, to open the work, or to carry out an order."""

    place: Place
    step: Literal["describe", "open"] | Order


class _Job:
    """Work on some orders: who does what, and what is left."""

    def __init__(
        self, cluster: RayCluster, work: SentWork, orders: Sequence[Order], *, in_order: bool
    ) -> None:
        import ray

        self._ray, self._cluster, self._work = ray, cluster, work
        self._put = (ray.put(work), Path.cwd())
        self._ours = WorkerNote.of_this_process(work.code_of)
        self._left = OrderQueue(orders, len(cluster.places), in_order=in_order)
        self._tasks: dict[Any, _Task] = {}
        self._notes: dict[Place, WorkerNote] = {}
        self._open = set[Place]()  # whose workers have the work
        self._deaths: dict[Order | Place, int] = {}
        self._warned: set[str] = set()

    def run(self) -> Iterator[Done]:
        """Answers, as they come; none to the orders that no worker can carry out."""
        for place in list(self._cluster.places):
            self._ask(place, "describe")
        while self._tasks and (self._left or self._has_orders()):
            ready, _ = self._ray.wait(list(self._tasks), num_returns=1, timeout=_PATIENCE_S)
            if not ready:
                self._warn_of_waiting()
            for one in ready:
                task = self._tasks.pop(one)
                try:
                    answer = self._ray.get(one)
                except self._losses() as err:
                    self._replace(task, err)
                else:
                    yield from self._take(task, answer)
            self._feed()

    def _has_orders(self) -> bool:
        return any(isinstance(task.step, Order) for task in self._tasks.values())

    def stop(self) -> None:
        """Forget what is still asked for; workers that are busy with it end."""
        for task in self._tasks.values():
            self._cluster.stop(task.place)
        self._tasks.clear()

    def _losses(self) -> tuple[type[Exception], ...]:
        """Errors that say that a worker, or the machine with its answer, has gone."""
        from ray import exceptions

        return (
            exceptions.RayActorError,
            exceptions.WorkerCrashedError,
            exceptions.ObjectLostError,
            exceptions.NodeDiedError,
        )

    def _ask(self, place: Place, step: Literal["describe", "open"] | Order) -> None:
        worker = self._cluster.worker(place)
        if isinstance(step, Order):
            asked = worker.carry_out.remote(step.content)
        elif step == "open":
            asked = worker.open.remote(*self._put)
        else:
            asked = worker.describe.remote(self._work.code_of)
        self._tasks[asked] = _Task(place, step)

    def _take(self, task: _Task, answer: Any) -> Iterator[Done]:
        """Take an answer."""
        if isinstance(answer, Failure):
            self._take_failure(task, answer)
        elif isinstance(task.step, Order):
            self._left.finish(task.step)
            if answer is not None:
                yield Done(task.step, answer)
        elif task.step == "describe":
            self._meet(task.place, answer)
            self._ask(task.place, "open")
        else:
            self._refuse(task.place, find_other_part(answer, self._work.identity))
            self._deaths.pop(task.place, None)
            self._open.add(task.place)

    def _feed(self) -> None:
        """Give each worker an order, and the next one if there is one for everybody."""
        for has in range(AT_ONCE):
            for place in sorted(self._open):
                enough = len(self._left) >= len(self._cluster.places) if has else bool(self._left)
                tasks = sum(task.place == place for task in self._tasks.values())
                if enough and tasks == has and (order := self._left.take()) is not None:
                    self._ask(place, order)

    def _meet(self, place: Place, note: WorkerNote) -> None:
        """Refuse a worker of another fpbench; name one with another processor."""
        self._notes[place] = note
        self._refuse(place, find_difference(note, self._ours))
        if note.processor != self._ours.processor and note.machine not in self._warned:
            self._warned.add(note.machine)
            logger.warning(
                "%s has a %s, and this is a %s: last bits of scores may differ from those of one "
                "machine",
                note.machine,
                note.processor,
                self._ours.processor,
            )

    def _refuse(self, place: Place, difference: str | None) -> None:
        if difference is not None:
            raise FpbenchError(
                f"{self._notes[place]} {difference}",
                hint="install the same fpbench and plugins on all machines of the cluster",
            )

    def _take_failure(self, task: _Task, failure: Failure) -> None:
        """Go on without a machine that cannot work, such as one with a full disk."""
        if not failure.here:
            raise failure.error()
        logger.warning(
            "%s cannot work, and the others go on without it: %s",
            self._notes[task.place],
            failure.message,
        )
        self._take_back(task)
        if failure.unseen:
            return
        self._cluster.give_up(task.place)
        if not self._cluster.places:
            raise failure.error()

    def _replace(self, task: _Task, err: Exception) -> None:
        """Replace a worker that has died, and give its orders to others."""
        orders = self._take_back(task)
        self._cluster.stop(task.place)
        name = self._notes.get(task.place) or f"a worker on {task.place.machine}"
        victims: Sequence[Order | Place] = orders or [task.place]
        for victim in victims:
            self._deaths[victim] = self._deaths.get(victim, 0) + 1
            if self._deaths[victim] >= MOST_DEATHS:
                raise FpbenchError(
                    f"{name} has died, as {MOST_DEATHS - 1} before it of the same: {_in_line(err)}",
                    hint="look for the reason in the logs of Ray; often it is too little memory, "
                    "of which fewer --workers need less",
                ) from err
        logger.warning("%s has died and is replaced: %s", name, _in_line(err))
        self._ask(task.place, "describe")

    def _take_back(self, task: _Task) -> list[Order]:
        """Forget what the worker of a task was asked; its orders are left again."""
        self._open.discard(task.place)
        others = [(asked, one) for asked, one in self._tasks.items() if one.place == task.place]
        for asked, _ in others:
            del self._tasks[asked]
        steps = [task.step, *(one.step for _, one in others)]
        orders = [step for step in steps if isinstance(step, Order)]
        self._left.give_back(orders)
        return orders

    def _warn_of_waiting(self) -> None:
        if not self._notes:
            logger.warning(
                "no worker has started yet: the cluster has %s free for workers of %s",
                _in_words(self._ray.available_resources()),
                _in_words(
                    {"CPU": self._cluster.places[0].cores, "GPU": self._cluster.places[0].gpus}
                ),
            )


def _in_words(resources: Mapping[str, float]) -> str:
    return f"{resources.get('CPU', 0):.0f} cores and {resources.get('GPU', 0):.0f} GPUs"


def _in_line(err: Exception) -> str:
    """The reason that Ray gives: the exception at the end of a traceback, or the first line."""
    lines = str(err).strip().splitlines() or [type(err).__name__]
    return next((one for one in reversed(lines) if _EXCEPTION.match(one)), lines[0]).rstrip(".")
