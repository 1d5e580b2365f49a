"""How a long task tells whoever waits how far it is."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from fpbench.interfaces import Report

Stage = Callable[[str], AbstractContextManager[Report]]
"""Opens a stage by its title; the report it gives is told how far the stage is."""
