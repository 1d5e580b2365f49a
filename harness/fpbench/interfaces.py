"""What a plugin's parts look like: small protocols, and the data that crosses the border."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.progress import Report

Dtype = Literal["float32", "bfloat16"]
"""Of a network's arithmetic."""


Samples = Float32[np.ndarray, " samples"]
"""Mono audio, amplitudes nominally in [-1, 1]."""


Segments = Float32[np.ndarray, "batch samples"]
"""Equally long stretches of mono audio, one per row."""


Vectors = Float32[np.ndarray, "batch dim"]
"""Fingerprints, one per row; of length 1 unless the spec says otherwise."""


Thing_co = TypeVar("Thing_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user asked of one plugin part; each part takes what concerns it.

    Args:
        device: ``cpu`` or ``cuda``.
        dtype: The network's arithmetic, ``float32`` or ``bfloat16``; vectors are float32 always.
        weights: A safetensors file; None means the plugin's own default.
        argument: What followed the colon in ``folder:DIR`` or ``faiss:FACTORY``.
        options: ``--set KEY=VALUE`` pairs, as typed.
        seed: For what is drawn once, such as fresh weights.
        cache_dir: Where a part may keep files that it can make again.
        dataset: The one at hand, for parts that borrow recordings from it, such as its noise.
    """

    device: str = "cpu"
    dtype: Dtype = "float32"
    weights: Path | None = None
    argument: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    cache_dir: Path | None = None
    dataset: "Dataset | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[Thing_co]):
    """A named offer: cheap to list, loaded by ``create``.

    Args:
        name: Kebab case, unique among the entries of its kind.
        summary: One line for ``fpbench plugins``.
        create: Does the loading; the only place where torch or files may be touched.
        argument: Metavariable of what must follow the name and a colon, such as ``DIR``.
        details: Label and value pairs for ``fpbench plugins --verbose``: paper, source, licence.
    """

    name: str
    summary: str
    create: Callable[[Settings], Thing_co]
    argument: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintSpec:
    """What the harness must know to feed a fingerprinter and to read its vectors.

    Args:
        sample_rate_hz: Of the audio that the fingerprinter takes.
        segment_s: Stretch of audio behind one fingerprint.
        hop_s: Between the starts of neighbouring fingerprints.
        dim: Length of a vector.
        unit_norm: Whether vectors have length 1 (a silent segment may give the zero vector).
        may_be_zero: Whether other segments may give the zero vector, too, as a network that ends in
            a ReLU now and then does. It scores 0 with everything, and ties count against it.
        front_end: ``segment``: :class:`Fingerprinter`, the harness cuts. ``track``:
            :class:`TrackFingerprinter`, the front end sees the whole recording.
        short: What happens to a track shorter than a segment: ``pad`` with zeros to one segment,
            or ``skip`` it. Incomplete tails of longer tracks are always dropped.
        batch_segments: Set only where the rows of a batch influence each other: ``embed`` then gets
            exactly this many consecutive segments, across track borders, the last batch smaller.
        resampler: What brings audio of other rates to ``sample_rate_hz``: ``soxr``, or
            ``sinc-hann``, torchaudio's, where an encoder must see what its authors' code saw.
    """

    sample_rate_hz: int
    segment_s: float
    dim: int
    hop_s: float = 0.5
    unit_norm: bool = True
    may_be_zero: bool = False
    front_end: Literal["segment", "track"] = "segment"
    short: Literal["pad", "skip"] = "skip"
    batch_segments: int | None = None
    resampler: Literal["soxr", "sinc-hann"] = "soxr"

    def __post_init__(self) -> None:
        if min(self.sample_rate_hz, self.samples, self.hop_samples, self.dim) < 1:
            raise ValueError(
                f"sample_rate_hz={self.sample_rate_hz}, segment_s={self.segment_s}, "
                f"hop_s={self.hop_s} and dim={self.dim} must be positive"
            )

    @property
    def samples(self) -> int:
        """Samples in a segment."""
        return round(self.segment_s * self.sample_rate_hz)

    @property
    def hop_samples(self) -> int:
        """Samples between the starts of neighbouring segments."""
        return round(self.hop_s * self.sample_rate_hz)


@runtime_checkable
class Fingerprinter(Protocol):
    """Turns segments into fingerprints, each row on its own (see ``batch_segments``)."""

    @property
    def spec(self) -> FingerprintSpec: ...

    def embed(self, segments: Segments, /) -> Vectors:
        """One vector per segment, in the same order; ``segments`` is left unchanged."""
        ...


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints of one track.

    Args:
        vectors: In order of time.
        start_s: Where each one's segment starts, in seconds from the start of the track.
    """

    vectors: Vectors
    start_s: Float64[np.ndarray, " batch"]


@runtime_checkable
class TrackFingerprinter(Protocol):
    """Turns a whole recording into fingerprints."""

    @property
    def spec(self) -> FingerprintSpec: ...

    def fingerprint(self, samples: Samples, /) -> Fingerprints:
        """All fingerprints of one recording; none if it is too short."""
        ...


AnyFingerprinter = Fingerprinter | TrackFingerprinter


@runtime_checkable
class FingerprintGenerator(Protocol):
    """Draws synthetic fingerprints, independent of each other."""

    @property
    def dim(self) -> int: ...

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """Everything that shapes a draw, such as solver and steps, for results."""
        ...

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        """``n`` vectors, finite; equal states of ``rng`` give equal bytes.

        Where ``Settings.device`` is a GPU, two threads draw at once, so that it never waits.
        """
        ...

    def save(self, path: Path, /) -> None:
        """Write everything ``load`` needs to one safetensors file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorNeed:
    """What a generator takes on this machine, from trials of a second or so.

    Args:
        fit_seconds: At most; a fit may end early.
        fit_memory_bytes: At the peak, without libraries.
        stand_in: Draws as fast as a fitted one, whatever it draws.
    """

    fit_seconds: float
    fit_memory_bytes: float
    stand_in: FingerprintGenerator


@runtime_checkable
class GeneratorMethod(Protocol):
    """A way to make generators: fit one to fingerprints, or load a fitted one."""

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        """What fitting to ``rows`` fingerprints of ``dim`` entries takes, and drawing after it."""
        ...

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FingerprintGenerator:
        """Learn from real fingerprints.

        Args:
            fingerprints: May be a memory map far larger than memory; read in chunks.
            seed: Equal seeds and fingerprints give equal generators.
            work_dir: For checkpoints: after a crash the same call goes on from there.
            report: Call now and then.
        """
        ...

    def load(self, path: Path, /) -> FingerprintGenerator:
        """Read what :meth:`FingerprintGenerator.save` wrote.

        A run that fitted the generator itself gives the settings of the fit to :meth:`fit` only.
        """
        ...


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best few of a database for each query, best first by ``key``.

    Args:
        ids: Row numbers, -1 where fewer than k were found.
        keys: What the index ranks by, smaller is better (inf where id is -1): a compressed
            squared distance, or the negated score where the index knows the exact score.
        scores: Exact float32 inner products with the uncompressed vectors (-inf where id is -1).
    """

    ids: Int64[np.ndarray, "queries k"]
    keys: Float32[np.ndarray, "queries k"]
    scores: Float32[np.ndarray, "queries k"]


@runtime_checkable
class BlockIndex(Protocol):
    """Search that decomposes: the k best of all blocks are the merge of the k best of each."""

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """Everything that shapes an answer, read back from the library after setting it."""
        ...

    @property
    def training_rows(self) -> int:
        """How many vectors :meth:`train` wants; 0 if it wants none."""
        ...

    def train(self, vectors: Vectors, /) -> None:
        """Learn what all blocks share (the quantiser)."""
        ...

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        """The k best rows of one block, which arrives in chunks and is not kept."""
        ...


@runtime_checkable
class GrowingIndex(Protocol):
    """Search that does not decompose, such as a graph: grown in place, asked at each size."""

    @property
    def parameters(self) -> Mapping[str, int | float | str]: ...

    @property
    def training_rows(self) -> int: ...

    def train(self, vectors: Vectors, /) -> None: ...

    def add(self, vectors: Vectors, /) -> None:
        """Append rows; ids count up from 0 in the order of adding."""
        ...

    def search(self, queries: Vectors, k: int, /) -> Candidates:
        """The k best of all rows added so far; scores are the index's own."""
        ...


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """What an index entry creates: exactly one of the two kinds."""

    block: BlockIndex | None = None
    growing: GrowingIndex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One recording.

    Args:
        name: Unique in its dataset; what results and reports call it.
        path: An audio file.
    """

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorDataset:
    """Ready-made fingerprints; row i of ``query`` is the degraded row i of ``reference``."""

    query: Vectors
    reference: Vectors
    distractors: Float32[np.ndarray, "distractors dim"]
    hop_s: float = 0.5
    segment_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What a run works on. Either tracks to fingerprint, or ``vectors`` that already are.

    Args:
        name: As asked for, such as ``folder:music``.
        reference: Tracks that queries are made from.
        distractors: Tracks that answer no query; also what a generator is fitted to.
        train: Tracks to train encoders on.
        noise: Background recordings for query degradation; empty means the recipe's own.
        impulse_responses: Likewise for reverberation.
        train_noise: Background recordings for training, disjoint from ``noise``.
        train_impulse_responses: Likewise.
        vectors: Ready-made fingerprints; the track lists are then empty.
    """

    name: str
    reference: Sequence[Track] = ()
    distractors: Sequence[Track] = ()
    train: Sequence[Track] = ()
    noise: Sequence[Track] = ()
    impulse_responses: Sequence[Track] = ()
    train_noise: Sequence[Track] = ()
    train_impulse_responses: Sequence[Track] = ()
    vectors: VectorDataset | None = None


@runtime_checkable
class Degradation(Protocol):
    """Makes clean audio worse, as a room, a microphone or a codec would."""

    @property
    def context_s(self) -> float:
        """Audio wanted before the query's start (a room's memory), cut off afterwards."""
        ...

    @property
    def tempo(self) -> float:
        """Seconds of input for one second of output, at most; 1 unless it changes tempo."""
        ...

    @property
    def recordings(self) -> Sequence[Path]:
        """Files whose sound may go into queries: other contents are other queries."""
        ...

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Float32[np.ndarray, " degraded"]:
        """Degrade ``samples``, whose first ``context`` ones come before the query.

        Levels such as a signal-to-noise ratio are measured on the query, without the context.

        Returns:
            A new array, aligned in time. Same length unless the degradation changes tempo; then
            output time is input time divided by a constant.
        """
        ...
