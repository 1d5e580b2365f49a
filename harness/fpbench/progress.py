"""How long tasks report their progress.

The display has a module of its own, because cached outputs depend on the code behind them.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

Report = Callable[[float, str], None]
"""Callback for progress: the finished share, from 0 to 1, and a short phrase (loss, epoch)."""

Stage = Callable[[str], AbstractContextManager[Report]]
"""Opens a stage by its title and yields its progress callback."""
