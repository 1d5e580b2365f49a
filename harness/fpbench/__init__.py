"""fpbench: how often a fingerprinter finds the right recording, against database size."""

from fpbench.errors import FpbenchError
from fpbench.hooks import hookimpl
from fpbench.interfaces import (
    AnyFingerprinter,
    BlockIndex,
    Candidates,
    Dataset,
    Degradation,
    Entry,
    Fingerprinter,
    FingerprintGenerator,
    Fingerprints,
    FingerprintSpec,
    GeneratorMethod,
    GeneratorNeed,
    GrowingIndex,
    IndexPlan,
    Samples,
    Segments,
    Settings,
    Track,
    TrackFingerprinter,
    VectorDataset,
    Vectors,
)
from fpbench.learning import Recording, Trainable, Trainee, TrainingAudio
from fpbench.options import configured, refuse_settings, refuse_weights
from fpbench.progress import Report
from fpbench.published import Checkpoint, PublishedFile, TensorRule
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
    "IndexPlan",
    "PublishedFile",
    "Recording",
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
    "configured",
    "hookimpl",
    "refuse_settings",
    "refuse_weights",
    "rng_at",
]
