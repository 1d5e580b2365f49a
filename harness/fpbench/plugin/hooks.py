"""What plugins are asked. Implement any of these in a module and mark it with ``hookimpl``."""

from collections.abc import Iterable

import pluggy

from fpbench.plugin.checkpoints import Checkpoint
from fpbench.plugin.datasets import Dataset
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.entries import Entry
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.plugin.generators import GeneratorMethod
from fpbench.plugin.indexes import Index
from fpbench.plugin.training import Trainable

PROJECT = "fpbench"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def fpbench_fingerprinters() -> Iterable[Entry[AnyFingerprinter]]:
    """Name the fingerprinters this plugin offers.

    Asked at start-up by most commands, so answer without importing torch or reading files.
    """
    raise NotImplementedError


@hookspec
def fpbench_generators() -> Iterable[Entry[GeneratorMethod]]:
    """Name the generators of synthetic fingerprints this plugin offers. Answer without torch."""
    raise NotImplementedError


@hookspec
def fpbench_indexes() -> Iterable[Entry[Index]]:
    """Name the search indexes this plugin offers. Answer without faiss."""
    raise NotImplementedError


@hookspec
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    """Name the datasets this plugin can open. Answer without reading files."""
    raise NotImplementedError


@hookspec
def fpbench_degradations() -> Iterable[Entry[Degradation]]:
    """Name the ways this plugin makes clean audio worse."""
    raise NotImplementedError


@hookspec
def fpbench_checkpoints() -> Iterable[Checkpoint]:
    """Say how the official weights of this plugin's fingerprinters are laid out.

    Asked by ``fpbench weights`` only. Answer without torch.
    """
    raise NotImplementedError


@hookspec
def fpbench_trainables() -> Iterable[Entry[Trainable]]:
    """Name the fingerprinters that ``fpbench train`` can train, as the fingerprinters' hook does.

    The settings' options are the recipe: the plugin's ``recipes/NAME.toml``, then ``--set``.
    Answer without torch.
    """
    raise NotImplementedError
