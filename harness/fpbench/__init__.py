"""fpbench: how often a fingerprinter finds the right recording, against database size."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fpbench.api import (
        compare,
        load_results,
        plot_curves,
        plot_det,
        plot_frontier,
        run,
        validate,
    )
    from fpbench.errors import FpbenchError
    from fpbench.listed_files import ListedFiles
    from fpbench.near_names import is_near_miss
    from fpbench.plugin.builders import BuildNeeds, DatasetBuilder
    from fpbench.plugin.checkpoints import Checkpoint, PublishedFile, TensorRule
    from fpbench.plugin.datasets import (
        Dataset,
        PendingFiles,
        Positions,
        RecordedQuery,
        Track,
        VectorDataset,
        VectorRecordings,
        VectorTracks,
    )
    from fpbench.plugin.degradations import Degradation
    from fpbench.plugin.entries import Entry, Settings
    from fpbench.plugin.fingerprinters import (
        AnyFingerprinter,
        Fingerprinter,
        Fingerprints,
        FingerprintSpec,
        Samples,
        Segments,
        TrackFingerprinter,
        Vectors,
    )
    from fpbench.plugin.generators import (
        CorrelatedNoiseGenerator,
        DefaultGenerator,
        FingerprintGenerator,
        GeneratorMethod,
        GeneratorNeed,
        Noise,
        NoiseGenerator,
        TrackGenerator,
        TrackMethod,
    )
    from fpbench.plugin.hooks import hookimpl
    from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex, Index
    from fpbench.plugin.options import (
        apply_options,
        refuse_settings,
        refuse_weights,
        require_weights,
    )
    from fpbench.plugin.tasks import Task, task_from_toml
    from fpbench.plugin.training import PcmAudio, Trainable, Trainee, TrainingAudio
    from fpbench.progress import Report
    from fpbench.randomness import Stream, rng_at
    from fpbench.results.document import Result
    from fpbench.tables import read_table

    __version__: str

__all__ = [
    "AnyFingerprinter",
    "BlockIndex",
    "BuildNeeds",
    "Candidates",
    "Checkpoint",
    "CorrelatedNoiseGenerator",
    "Dataset",
    "DatasetBuilder",
    "DefaultGenerator",
    "Degradation",
    "Entry",
    "FingerprintGenerator",
    "FingerprintSpec",
    "Fingerprinter",
    "Fingerprints",
    "FpbenchError",
    "GeneratorMethod",
    "GeneratorNeed",
    "GrowingIndex",
    "Index",
    "ListedFiles",
    "Noise",
    "NoiseGenerator",
    "PcmAudio",
    "PendingFiles",
    "Positions",
    "PublishedFile",
    "RecordedQuery",
    "Report",
    "Result",
    "Samples",
    "Segments",
    "Settings",
    "Stream",
    "Task",
    "TensorRule",
    "Track",
    "TrackFingerprinter",
    "TrackGenerator",
    "TrackMethod",
    "Trainable",
    "Trainee",
    "TrainingAudio",
    "VectorDataset",
    "VectorRecordings",
    "VectorTracks",
    "Vectors",
    "__version__",
    "apply_options",
    "compare",
    "hookimpl",
    "is_near_miss",
    "load_results",
    "plot_curves",
    "plot_det",
    "plot_frontier",
    "read_table",
    "refuse_settings",
    "refuse_weights",
    "require_weights",
    "rng_at",
    "run",
    "task_from_toml",
    "validate",
]

_NAMES = {
    "fpbench.api": (
        "compare",
        "load_results",
        "plot_curves",
        "plot_det",
        "plot_frontier",
        "run",
        "validate",
    ),
    "fpbench.errors": ("FpbenchError",),
    "fpbench.listed_files": ("ListedFiles",),
    "fpbench.near_names": ("is_near_miss",),
    "fpbench.plugin.builders": ("BuildNeeds", "DatasetBuilder"),
    "fpbench.plugin.checkpoints": ("Checkpoint", "PublishedFile", "TensorRule"),
    "fpbench.plugin.datasets": (
        "Dataset",
        "PendingFiles",
        "Positions",
        "RecordedQuery",
        "Track",
        "VectorDataset",
        "VectorRecordings",
        "VectorTracks",
    ),
    "fpbench.plugin.degradations": ("Degradation",),
    "fpbench.plugin.entries": ("Entry", "Settings"),
    "fpbench.plugin.fingerprinters": (
        "AnyFingerprinter",
        "FingerprintSpec",
        "Fingerprinter",
        "Fingerprints",
        "Samples",
        "Segments",
        "TrackFingerprinter",
        "Vectors",
    ),
    "fpbench.plugin.generators": (
        "CorrelatedNoiseGenerator",
        "DefaultGenerator",
        "FingerprintGenerator",
        "GeneratorMethod",
        "GeneratorNeed",
        "Noise",
        "NoiseGenerator",
        "TrackGenerator",
        "TrackMethod",
    ),
    "fpbench.plugin.hooks": ("hookimpl",),
    "fpbench.plugin.indexes": ("BlockIndex", "Candidates", "GrowingIndex", "Index"),
    "fpbench.plugin.options": (
        "apply_options",
        "refuse_settings",
        "refuse_weights",
        "require_weights",
    ),
    "fpbench.plugin.tasks": ("Task", "task_from_toml"),
    "fpbench.plugin.training": ("PcmAudio", "Trainable", "Trainee", "TrainingAudio"),
    "fpbench.progress": ("Report",),
    "fpbench.randomness": ("Stream", "rng_at"),
    "fpbench.results.document": ("Result",),
    "fpbench.tables": ("read_table",),
}
"""What is imported when it is first asked for; the same as above, where type checkers see it."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}

if not TYPE_CHECKING:  # or every misspelt name would have a type

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            value = importlib.import_module("importlib.metadata").version("fpbench-audio")
        elif name in _MODULES:
            interrupts = importlib.import_module("fpbench.interrupts")
            with interrupts.defer_interrupts():  # an import that is broken off stays broken
                value = getattr(importlib.import_module(_MODULES[name]), name)
        else:
            raise AttributeError(f"module 'fpbench' has no attribute '{name}'")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
