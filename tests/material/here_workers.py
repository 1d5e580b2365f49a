"""Workers that are this process, so that a test waits for no other."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fpbench import FpbenchError
from fpbench.search.engines.orders import Done, OpenedWork, Order, SentWork, sort_answers
from fpbench.search.engines.worker import find_other_part


@dataclass
class HereWorkers:
    """Workers that are this process: what they are sent is pickled and opened again.

    Args:
        change: Changes the work that is opened.
        carried_out: Contents of orders so far.
    """

    change: Callable[[Any], Any] = lambda work: work
    carried_out: int = 0

    def carry_out(
        self, work: SentWork, orders: Sequence[Order], *, in_order: bool = False
    ) -> Iterator[Done]:
        opened: OpenedWork = self.change(pickle.loads(pickle.dumps(work))).open(None, None)
        difference = find_other_part(opened.identity, work.identity)
        if difference is not None:
            raise FpbenchError(f"a worker {difference}")
        done = (self._carry_out(opened, order) for order in reversed(orders))
        yield from sort_answers(done, orders) if in_order else done

    def _carry_out(self, opened: OpenedWork, order: Order) -> Done:
        self.carried_out += 1
        return Done(order, opened.carry_out(order.content))
