"""What workers are asked, and how they learn what it is about; for any kind of work."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from fpbench.cache import Store
from fpbench.errors import FpbenchError

_AHEAD = 4
"""Orders per worker by which answers may precede the first one that is missing, if the order
matters: they are held in memory until then."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A piece of work for one worker.

    Args:
        content: What the worker is sent; it can be pickled.
        size: Amount of work, in any unit.
        last: Whether it waits until all others are carried out, so that nothing disturbs it.
    """

    content: Any
    size: int | float
    last: bool = False


class Done(NamedTuple):
    """An order, and the answer of the worker that has carried it out."""

    order: Order
    answer: Any


class OpenedWork(NamedTuple):
    """Work that was opened at a worker.

    Args:
        identity: As of :class:`SentWork`, of what was opened.
        carry_out: Gives the answer to the content of an order; None leaves it to the sender.
    """

    identity: Mapping[str, str]
    carry_out: Callable[[Any], Any]


@runtime_checkable
class SentWork(Protocol):
    """Describes what orders are about; it can be pickled."""

    @property
    def code_of(self) -> str:
        """The module of fpbench whose code, with all that it imports, decides the answers."""
        ...

    @property
    def identity(self) -> Mapping[str, str]:
        """What decides the answers besides: the name of each part, and its hash."""
        ...

    def open(self, store: Store | None, device: str | None) -> OpenedWork:
        """Make the parts again.

        Args:
            store: Cache of the machine; None means the sender's if it is there, else the user's.
            device: Device that computes; None means that of the run.

        Raises:
            UnseenFilesError: The machine does not see the files that orders name.
            FpbenchError: A part cannot be made here.
        """
        ...


class UnseenFilesError(FpbenchError):
    """The machine of a worker does not see the files that the work is about."""


@runtime_checkable
class Workers(Protocol):
    """Carry out orders, in other processes or on other machines."""

    def carry_out(
        self, work: SentWork, orders: Sequence[Order], *, in_order: bool = False
    ) -> Iterator[Done]:
        """Carry out orders; equal orders have equal answers, whoever gives them.

        Args:
            work: What the orders are about.
            orders: The orders; those that no worker can carry out are left out.
            in_order: Whether to answer in the order of ``orders``, none of which may then be left
                out; else the largest are carried out first, so that all workers end at about the
                same time.

        Raises:
            FpbenchError: A worker has another fpbench or another part of the work, or workers die
                again and again.
        """
        ...


class OrderQueue:
    """Orders that no worker has, and how far the others are.

    Args:
        orders: All orders.
        workers: Number of workers.
        in_order: As for :meth:`Workers.carry_out`.
    """

    def __init__(self, orders: Sequence[Order], workers: int, *, in_order: bool) -> None:
        by_size = orders if in_order else sorted(orders, key=lambda one: (one.last, -one.size))
        self._left = deque(by_size)
        self._places = {order: place for place, order in enumerate(by_size)}
        self._unfinished = dict.fromkeys(by_size)
        self._ahead = _AHEAD * workers if in_order else len(orders)

    def __len__(self) -> int:
        """Orders that no worker has."""
        return len(self._left)

    @property
    def unfinished(self) -> int:
        """Orders that were not carried out yet."""
        return len(self._unfinished)

    def take(self) -> Order | None:
        """The next order; None if there is none, or if it must wait for those before it."""
        if not self._left:
            return None
        if self._left[0].last and any(not one.last for one in self._unfinished):
            return None
        first = next(iter(self._unfinished))
        if self._places[self._left[0]] >= self._places[first] + self._ahead:
            return None
        return self._left.popleft()

    def finish(self, order: Order) -> None:
        """Note that an order was carried out, or is left out."""
        del self._unfinished[order]

    def give_back(self, orders: Iterable[Order]) -> None:
        """Let others have the orders of a worker that has gone."""
        self._left.extendleft(sorted(orders, key=self._places.__getitem__, reverse=True))


def sort_answers(answers: Iterable[Done], orders: Sequence[Order]) -> Iterator[Done]:
    """The answers in the order of the orders, each as soon as those before it are there."""
    early: dict[Order, Done] = {}
    wanted = iter(orders)
    order = next(wanted, None)
    for done in answers:
        early[done.order] = done
        while order is not None and order in early:
            yield early.pop(order)
            order = next(wanted, None)
