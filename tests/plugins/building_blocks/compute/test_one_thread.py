"""A thread that computes alone goes on to do so."""

from threading import Event, Thread

import torch

from fpbench_plugins.building_blocks.compute.one_thread import use_one_thread


def test_what_another_thread_sets_afterwards_changes_nothing() -> None:
    before = torch.get_num_threads()
    alone, set_elsewhere, found = Event(), Event(), []

    def work() -> None:
        use_one_thread()
        alone.set()
        set_elsewhere.wait(20)
        found.append(torch.get_num_threads())

    thread = Thread(target=work)
    thread.start()
    try:
        alone.wait(20)
        torch.set_num_threads(2)
        set_elsewhere.set()
        thread.join()
        assert found == [1]
    finally:
        torch.set_num_threads(before)
