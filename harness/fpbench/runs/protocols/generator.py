"""The generator of a run by a protocol, fitted and judged as that of a run without one."""

from dataclasses import replace

import numpy as np

from fpbench.hashing import content_key
from fpbench.plugin.datasets import Positions
from fpbench.progress import Stage
from fpbench.results.fidelity import Fidelity
from fpbench.results.lengths import QueryLength
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.inputs import AudioSource, count_segments
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.distractors import lacks_tracks
from fpbench.runs.protocols.evaluation import Evaluation
from fpbench.runs.protocols.judged_queries import with_longer_queries
from fpbench.runs.ready_made import VectorSource
from fpbench.runs.searches import judge_generator, prepare_fitting
from fpbench.search.inputs import Inputs


def fit_for_protocol(
    prepared: PreparedRun, evaluation: Evaluation, stage: Stage
) -> tuple[FittedGenerator | None, Fidelity | None]:
    """The generator and its fidelity; None for a run without synthetic distractors.

    It is fitted to the fingerprints that a run without a protocol fits it to, and judged with such
    a run's queries of one fingerprint. One that draws tracks is judged with the protocol's longer
    queries, too.
    """
    if prepared.generator is None:
        return None, None
    inputs = _single_source(prepared).build_inputs(prepared.store, stage)
    if evaluation.tempo not in (None, 1.0) and not prepared.has_tracks:
        inputs = _match_stretched(inputs, evaluation.tempo or 1.0)
    fitting = prepare_fitting(prepared, inputs, stage)
    if fitting is None:
        return None, None
    generator = fitting.generator()
    if evaluation.segments[-1] > 1 and not lacks_tracks(generator, evaluation.segments[-1]):
        fitting = with_longer_queries(fitting, evaluation)
    return generator, judge_generator(fitting, generator)


def _single_source(prepared: PreparedRun) -> AudioSource | VectorSource:
    """The source with queries of one fingerprint, whatever the lengths of the protocol."""
    source = prepared.source
    if not isinstance(source, AudioSource):
        n_queries = min(source.n_queries, len(source.vectors.query))
        return replace(source, query_length_s=source.vectors.segment_s, n_queries=n_queries)
    named = source.fingerprinter
    length_s = named.fingerprinter.spec.segment_s
    segments = count_segments(named.fingerprinter, named.name, length_s)
    return replace(
        source,
        recipe=replace(source.recipe, query_length_s=length_s),
        lengths=[QueryLength(length_s, segments)],
    )


def _match_stretched(inputs: Inputs, tempo: float) -> Inputs:
    """The inputs with row t of the queries at row trunc(t · tempo) of the reference."""
    row = np.rint(inputs.truth.start_s / inputs.hop_s)
    truth = Positions(inputs.truth.track, np.trunc(row * tempo) * inputs.hop_s)
    key = content_key(inputs=inputs.key, tempo=tempo)
    return replace(inputs, truth=truth, key=key)
