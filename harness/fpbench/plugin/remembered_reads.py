"""Remembers what was read for a plugin, so that its parts have equal keys in one process.

Python imports a module once, and a plugin may keep what it has read. So the second part that is
loaded in a process reads less than the first one, though it depends on as much.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from weakref import WeakKeyDictionary

from fpbench.plugin.entries import Settings
from fpbench.plugin.reads import Reads, record_reads

# For each plugin, what was read for its import, its parts, and its parts with some settings.
_remembered: WeakKeyDictionary[ModuleType, dict[str, dict[Path, str]]] = WeakKeyDictionary()

_IMPORT = "import"


@dataclass(frozen=True, slots=True)
class PartReads:
    """What is read for one part of a plugin.

    Args:
        module: The plugin; one that is imported anew is another one, of which nothing is known.
        part: Kind and name of the part.
        settings: Text of its settings: with other ones it may read other files, but it runs the
            same modules.
        reads: What was read so far.
    """

    module: ModuleType
    part: str
    settings: str
    reads: dict[Path, str] = field(default_factory=dict, repr=False)

    @contextmanager
    def record(self) -> Iterator[None]:
        """Add what is read before the context ends, and what an equal part had read there."""
        found: dict[Path, str] = {}
        imports: dict[Path, str] = {}
        try:
            with record_reads(found, imports):
                yield
        finally:
            of_plugin = _remembered.setdefault(self.module, {})
            of_part = of_plugin.setdefault(self.part, {})
            of_part.update({file: imports[file] for file in imports.keys() - of_part.keys()})
            of_settings = of_plugin.setdefault(f"{self.part}, {self.settings}", {})
            of_settings |= found
            self.reads.update({**of_part, **of_settings})


def remember_import(module: ModuleType, found: Reads) -> Reads:
    """What was read when a plugin was imported, which may have been before this time.

    Args:
        module: The plugin.
        found: What was read now.
    """
    first = _remembered.setdefault(module, {}).setdefault(_IMPORT, dict(found))
    return {**found, **first}


def settings_text(settings: Settings) -> str:
    """Text of all settings that may decide what is read."""
    options = sorted(settings.options.items())
    plain = (settings.argument, settings.weights, settings.device, settings.dtype, settings.seed)
    # Each run opens its dataset anew, and equal text of two does not mean equal recordings.
    dataset = None if settings.dataset is None else id(settings.dataset)
    return repr((options, *plain, settings.channel, dataset))
