"""Orders are given out the largest first, or so that answers in their order fit into memory."""

import pytest

from fpbench.search.engines.orders import Done, Order, OrderQueue, sort_answers


def orders(*sizes: int) -> list[Order]:
    return [Order(number, size) for number, size in enumerate(sizes)]


def contents(taken: list[Order | None]) -> list[object]:
    return [one and one.content for one in taken]


def test_the_largest_is_given_first() -> None:
    queue = OrderQueue(orders(1, 3, 2), 1, in_order=False)
    assert contents([queue.take() for _ in range(4)]) == [1, 2, 0, None]
    assert (len(queue), queue.unfinished) == (0, 3)


def test_the_last_order_waits_until_all_others_are_carried_out() -> None:
    last = Order("last", 9, last=True)
    queue = OrderQueue([last, *orders(1, 2)], 2, in_order=False)
    taken = [queue.take() for _ in range(3)]
    assert contents(taken) == [1, 0, None]
    for one in taken[:2]:
        assert queue.take() is None
        assert one is not None
        queue.finish(one)
    assert queue.take() is last
    queue.give_back([last])
    assert queue.take() is last


def test_orders_of_a_lost_worker_are_the_next_ones() -> None:
    queue = OrderQueue(orders(5, 4, 3, 2), 1, in_order=False)
    first, second = (queue.take() for _ in range(2))
    assert first is not None
    assert second is not None
    queue.give_back([second, first])
    assert contents([queue.take() for _ in range(4)]) == [0, 1, 2, 3]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_answer_is_far_ahead_of_one_that_is_missing(workers: int) -> None:
    queue = OrderQueue(orders(*range(20)), workers, in_order=True)
    taken = [one for _ in range(20) if (one := queue.take()) is not None]
    assert contents([*taken]) == list(range(4 * workers))
    queue.finish(taken[1])
    assert queue.take() is None
    queue.finish(taken[0])
    assert contents([queue.take() for _ in range(3)]) == [4 * workers, 4 * workers + 1, None]


def test_answers_are_put_in_order() -> None:
    wanted = orders(1, 1, 1)
    early = [Done(wanted[i], i) for i in (2, 0, 1)]
    assert [done.answer for done in sort_answers(early, wanted)] == [0, 1, 2]
