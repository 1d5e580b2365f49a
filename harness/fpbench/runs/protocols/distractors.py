"""The distractors that a protocol searches among: real ones, or draws of a generator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.hashing import content_key
from fpbench.plugin.generators import TrackGenerator
from fpbench.results.document import DEFAULT_SIZES
from fpbench.results.fields import DistractorKind
from fpbench.runs.config import RunConfig
from fpbench.runs.databases import TRAINING_REPEAT
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.protocols.definitions import find_protocol
from fpbench.runs.protocols.inputs import ProtocolInputs
from fpbench.search.distractors import CHUNKS_AT_ONCE, DistractorSource, SyntheticDistractors
from fpbench.search.drawn_rows import DrawnRows
from fpbench.search.track_distractors import TrackDistractors

Watch = Callable[[DistractorSource], DistractorSource]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolDistractors:
    """The distractors of a protocol's databases, all of one kind.

    Args:
        kind: What they are.
        rows: The distractors, of which a database has the first so many.
        sizes: Numbers of distractors, ascending.
        key: Identifies draws; empty for the real ones, which the key of the inputs identifies.
        training: Rows to train one index on that serves several searches.
        track_starts: First row of each track among the first so many rows.
        draw_again: Draws another, independent sequence by its number, of which 0 is ``rows``; None
            for real ones.
    """

    kind: DistractorKind
    rows: Float32[np.ndarray, "distractors dim"] | DrawnRows = field(repr=False)
    sizes: Sequence[int]
    key: str = ""
    training: Float32[np.ndarray, "training dim"] | DrawnRows = field(repr=False)
    track_starts: Callable[[int], Int64[np.ndarray, " tracks"]] = field(repr=False)
    draw_again: Callable[[int], DrawnRows] | None = field(default=None, repr=False)


def real_distractors(config: RunConfig, inputs: ProtocolInputs) -> ProtocolDistractors:
    """The real distractors, up to all that there are.

    Raises:
        FpbenchError: There are none, although they are wanted.
    """
    available = len(inputs.distractors)
    sizes = sorted({min(size, available) for size in config.sizes}) or [available]
    if config.distractors == "none" or available == 0:
        if config.distractors != "none" and find_protocol(str(config.protocol)).needs_distractors:
            raise FpbenchError(
                f"dataset '{config.dataset}' has no distractors",
                hint="use --distractors none, or add dummy_db",
            )
        sizes = [0]
    tracks = inputs.distractor_tracks
    if tracks is None:  # then these are one
        tracks = np.zeros(available, dtype=np.int64)
    return ProtocolDistractors(
        kind="real",
        rows=inputs.distractors,
        sizes=sizes,
        training=inputs.distractors,
        track_starts=lambda size: find_changes(tracks[:size]),
    )


def synthetic_distractors(
    config: RunConfig,
    inputs: ProtocolInputs,
    generator: FittedGenerator,
    watch: Watch,
    *,
    longest: int,
) -> ProtocolDistractors:
    """Draws of the generator: whole tracks for queries of several fingerprints, if it has them.

    Args:
        config: The run.
        inputs: Its matrices.
        generator: The fitted generator.
        watch: Makes a source one that counts what it draws.
        longest: Fingerprints in the longest query.
    """
    sizes = set(config.sizes or DEFAULT_SIZES)
    available = len(inputs.distractors)
    if config.distractors == "both" and 0 < available < max(sizes):
        sizes.add(available)  # so that the two curves can be compared
    shape = (max(sizes), inputs.reference.shape[1])
    key = content_key(synthetic=generator.key, seed=config.seed, tracks=longest > 1)

    def draw_repeat(repeat: int) -> DrawnRows:
        return DrawnRows(watch(_source(config, generator, repeat, longest)), shape)

    def draw_again(number: int) -> DrawnRows:
        return draw_repeat(number + (number >= TRAINING_REPEAT))

    def track_starts(size: int) -> Int64[np.ndarray, " tracks"]:
        source = _source(config, generator, 0, longest)
        if isinstance(source, TrackDistractors):
            return source.track_starts(size)
        return np.arange(min(size, 1), dtype=np.int64)

    return ProtocolDistractors(
        kind="synthetic",
        rows=draw_again(0),
        sizes=sorted(sizes),
        key=key,
        training=draw_repeat(TRAINING_REPEAT),
        track_starts=track_starts,
        draw_again=draw_again,
    )


def lacks_tracks(generator: FittedGenerator, longest: int) -> bool:
    """Whether queries of several fingerprints are searched among single, independent ones."""
    return longest > 1 and not isinstance(generator.generator, TrackGenerator)


def find_changes(tracks: Int64[np.ndarray, " rows"]) -> Int64[np.ndarray, " changes"]:
    """Rows at which another track begins."""
    if len(tracks) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.concatenate([[0], np.flatnonzero(np.diff(tracks) != 0) + 1]).astype(np.int64)


def _source(
    config: RunConfig, generator: FittedGenerator, repeat: int, longest: int
) -> SyntheticDistractors | TrackDistractors:
    drawn, name, at_once = generator.generator, generator.info.name, CHUNKS_AT_ONCE[config.device]
    if longest > 1 and isinstance(drawn, TrackGenerator):
        return TrackDistractors(drawn, name, config.seed, repeat, length=1, at_once=at_once)
    return SyntheticDistractors(drawn, name, config.seed, repeat, at_once=at_once)
