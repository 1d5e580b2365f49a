"""fpbench: how often a fingerprinter finds the right recording, against database size."""

from fpbench.errors import FpbenchError
from fpbench.plugin.checkpoints import Checkpoint, PublishedFile, TensorRule
from fpbench.plugin.datasets import Dataset, Track, VectorDataset
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
from fpbench.plugin.generators import FingerprintGenerator, GeneratorMethod, GeneratorNeed
from fpbench.plugin.hooks import hookimpl
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex, Index
from fpbench.plugin.options import apply_options, refuse_settings, refuse_weights
from fpbench.plugin.training import PcmAudio, Trainable, Trainee, TrainingAudio
from fpbench.progress import Report
from fpbench.randomness import Stream, rng_at

__all__ = [
    "AnyFingerprinter",
    "BlockIndex",
    "Candidates",
    "Checkpoint",
    "Dataset",
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
    "PcmAudio",
    "PublishedFile",
    "Report",
    "Samples",
    "Segments",
    "Settings",
    "Stream",
    "TensorRule",
    "Track",
    "TrackFingerprinter",
    "Trainable",
    "Trainee",
    "TrainingAudio",
    "VectorDataset",
    "Vectors",
    "apply_options",
    "hookimpl",
    "refuse_settings",
    "refuse_weights",
    "rng_at",
]
