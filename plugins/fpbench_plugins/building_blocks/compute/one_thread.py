"""Makes a thread of a pool compute alone."""

import torch


def use_one_thread() -> None:
    """Let torch compute with this thread only, whatever other threads set before or afterwards.

    With two threads, sums are rounded differently and bytes would change.
    """
    # A thread's first operation takes the number that was set last in any thread. So the thread
    # must have had one before it sets its own.
    torch.get_num_threads()
    torch.set_num_threads(1)
