"""How a long task tells whoever waits how far it is."""

from collections.abc import Callable
from contextlib import AbstractContextManager

Report = Callable[[float, str], None]
"""Told how far a long task is, from 0 to 1, and one short phrase (loss, epoch)."""


Stage = Callable[[str], AbstractContextManager[Report]]
"""Opens a stage by its title; the report it gives is told how far the stage is."""
