"""Hooks that a plugin may implement in a module, each marked with ``hookimpl``."""

from collections.abc import Iterable

import pluggy

from fpbench.plugin.builders import DatasetBuilder
from fpbench.plugin.checkpoints import Checkpoint
from fpbench.plugin.datasets import Dataset
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.entries import Entry
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.plugin.generators import DefaultGenerator, GeneratorMethod
from fpbench.plugin.indexes import Index
from fpbench.plugin.tasks import Task
from fpbench.plugin.training import Trainable

PROJECT = "fpbench"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def fpbench_fingerprinters() -> Iterable[Entry[AnyFingerprinter]]:
    """List the fingerprinters of this plugin.

    Most commands call this at start-up, so do not import torch or read files in it.
    """
    raise NotImplementedError


@hookspec
def fpbench_generators() -> Iterable[Entry[GeneratorMethod]]:
    """List the generators of synthetic fingerprints of this plugin. Do not import torch."""
    raise NotImplementedError


@hookspec
def fpbench_default_generators() -> Iterable[DefaultGenerator]:
    """Propose generators of this plugin for runs that name none. Do not import torch."""
    raise NotImplementedError


@hookspec
def fpbench_indexes() -> Iterable[Entry[Index]]:
    """List the search indexes of this plugin. Do not import faiss."""
    raise NotImplementedError


@hookspec
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    """List the datasets that this plugin can open. Do not read files."""
    raise NotImplementedError


@hookspec
def fpbench_degradations() -> Iterable[Entry[Degradation]]:
    """List the degradations of this plugin."""
    raise NotImplementedError


@hookspec
def fpbench_checkpoints() -> Iterable[Checkpoint]:
    """Describe the layout of the official weights of this plugin's fingerprinters.

    Only ``fpbench weights`` calls this. Do not import torch.
    """
    raise NotImplementedError


@hookspec
def fpbench_trainables() -> Iterable[Entry[Trainable]]:
    """List the fingerprinters that ``fpbench train`` can train, by the same names as above.

    ``Settings.options`` holds the recipe: first ``recipes/NAME.toml`` of the plugin, then
    ``--set``. Do not import torch.
    """
    raise NotImplementedError


@hookspec
def fpbench_tasks() -> Iterable[Entry[Task]]:
    """List the tasks that this plugin defines: settings of a run, without the system.

    ``details`` say what the task needs: ``Data`` (size and where it comes from), ``Licence`` and
    ``Time``. Do not read files.
    """
    raise NotImplementedError


@hookspec
def fpbench_builders() -> Iterable[Entry[DatasetBuilder]]:
    """List the datasets that ``fpbench data build`` can make from what others publish.

    ``details`` say what it makes: ``Data``, ``Licence`` and ``Sources``. Do not read files.
    """
    raise NotImplementedError
