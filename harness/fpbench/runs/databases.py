"""The databases of a run: real and synthetic distractors, and the sizes of their curves."""

from logging import getLogger

from fpbench.errors import FpbenchError
from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.hashing import content_key
from fpbench.plugin.generators import TrackGenerator
from fpbench.results.document import DEFAULT_SIZES
from fpbench.runs.config import RunConfig
from fpbench.runs.generator import FittedGenerator
from fpbench.search.distractors import (
    CHUNKS_AT_ONCE,
    DistractorSource,
    RealDistractors,
    SyntheticDistractors,
)
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import Database
from fpbench.search.track_distractors import TrackDistractors, no_tracks_error

TRAINING_REPEAT = 1
"""Repeat of the distractors that indexes are trained on; they search repeat 0."""

logger = getLogger(__name__)


def list_databases(
    config: RunConfig, inputs: Inputs, generator: FittedGenerator | None
) -> list[Database]:
    """The databases to search, with the sizes of their curves.

    The real curve ends at the number of real distractors. A synthetic curve of the same run has a
    point there too, so that the two can be compared.
    """
    if config.distractors == "none":
        none = RealDistractors(inputs.real[:0], config.seed)
        return [Database("real", none, (), "none", none)]
    databases = []
    if config.distractors in ("real", "both"):
        databases.append(_real_database(config, inputs))
    if generator is not None:
        databases.append(_synthetic_database(config, inputs, generator))
    return databases


def _real_database(config: RunConfig, inputs: Inputs) -> Database:
    """The real distractors, up to the largest size.

    Raises:
        FpbenchError: There are no real distractors.
    """
    sizes, available = config.sizes or DEFAULT_SIZES, len(inputs.real)
    if available == 0:
        raise FpbenchError(
            f"dataset '{inputs.data.name}' has no usable distractors",
            hint="use --distractors none, or a dataset with more distractor audio",
        )
    if sizes[-1] > available:
        logger.info("there are %d real distractors; the real curve ends there", available)
    source = RealDistractors(inputs.real, config.seed)
    tracks = None
    if inputs.data.distractor_tracks > 0:  # ready-made fingerprints may be without tracks
        group = inputs.real_groups
        tracks = DistractorTracks(
            track=source.in_order(inputs.real_tracks),
            group=None if group is None else source.in_order(group),
        )
    return Database(
        kind="real",
        source=source,
        sizes=sorted({min(size, available) for size in sizes}),
        key=content_key(real=inputs.real_key, seed=config.seed),
        training=RealDistractors(inputs.real, config.seed, repeat=TRAINING_REPEAT),
        tracks=tracks,
        beyond=bool(config.beyond),
    )


def _synthetic_database(config: RunConfig, inputs: Inputs, generator: FittedGenerator) -> Database:
    """Draws of the generator; their sizes include that of the real database of the same run."""
    sizes, available = config.sizes or DEFAULT_SIZES, len(inputs.real)
    also = {available} if config.distractors == "both" and sizes[-1] > available else set()
    return Database(
        kind="synthetic",
        source=_synthetic_source(config, inputs, generator),
        sizes=sorted({*sizes, *also}),
        key=content_key(synthetic=generator.key, seed=config.seed),
        training=_synthetic_source(config, inputs, generator, repeat=TRAINING_REPEAT),
        beyond=bool(config.beyond),
    )


def _synthetic_source(
    config: RunConfig, inputs: Inputs, generator: FittedGenerator, repeat: int = 0
) -> DistractorSource:
    drawn, name, at_once = generator.generator, generator.info.name, CHUNKS_AT_ONCE[config.device]
    if inputs.segments == 1:
        return SyntheticDistractors(drawn, name, config.seed, repeat, at_once=at_once)
    if not isinstance(drawn, TrackGenerator):
        raise no_tracks_error(name, inputs.segments)
    return TrackDistractors(
        drawn, name, config.seed, repeat, length=inputs.segments, at_once=at_once
    )
