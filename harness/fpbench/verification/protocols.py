"""Whether a run by an authors' protocol is one of its config, and follows from its evidence."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np

from fpbench.evidence.files import evidence_name
from fpbench.evidence.protocol_evidence import ProtocolEvidence
from fpbench.evidence.protocol_rates import (
    METRICS,
    ProtocolLabels,
    count_near_starts,
    protocol_curves,
    protocol_rates,
)
from fpbench.results.document import Result
from fpbench.results.fields import DistractorKind
from fpbench.results.protocols import ProtocolInfo
from fpbench.runs.protocols.definitions import PROTOCOLS
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Submission

_CONFIG = "the config"

_KINDS: Mapping[str, Sequence[DistractorKind]] = {
    "none": ["real"],
    "real": ["real"],
    "synthetic": ["synthetic"],
    "both": ["real", "synthetic"],
}
"""Kinds of the curves by the distractors that the config wants."""


def check_protocol(submission: Submission) -> Iterator[Problem]:
    """Name, version, rules, curves and rates of the protocol."""
    result, protocol = submission.result, submission.result.protocol
    config = result.config
    name = None if protocol is None else protocol.name
    yield from compare("/protocol/name", name, config.get("protocol"), _CONFIG)
    if protocol is None:
        return
    known = PROTOCOLS.get(protocol.name)
    if known is None:
        rule = f"protocols are {', '.join(PROTOCOLS)}"
        yield Problem(pointer="/protocol/name", value=protocol.name, rule=rule)
        return
    yield from compare("/protocol/version", protocol.version, known.version, protocol.name)
    yield from compare("/protocol/source", protocol.source, known.source, protocol.name)
    yield from compare("/protocol/rules", protocol.rules, config.get("rules"), _CONFIG)
    yield from _check_listing(result)
    yield from _check_evidence(submission, protocol)


def _check_listing(result: Result) -> Iterator[Problem]:
    """Every index of the config has curves of all lengths, and evidence."""
    indexes = list(dict.fromkeys(curve.index for curve in result.curves))
    yield from compare("/curves", indexes, result.config.get("indexes"), _CONFIG)
    config = result.config
    lengths_s = config.get("query_lengths_s")
    for index in indexes:
        own = [curve for curve in result.curves if curve.index == index]
        found = list(dict.fromkeys(curve.query_length_s for curve in own))
        yield from compare("/curves", found, lengths_s, f"{_CONFIG}, for {index},")
    files = [info.file for info in result.evidence]
    kinds = list(dict.fromkeys(curve.distractors for curve in result.curves))
    wanted = _KINDS.get(str(config.get("distractors")))
    yield from compare("/curves", sorted(kinds), wanted, _CONFIG)
    for index, kind in product(indexes, kinds):
        end = evidence_name("", index, kind)
        if sum(file.endswith(end) for file in files) != 1:
            rule = f"one file ends in {end}"
            yield Problem(pointer="/evidence", value=files, rule=rule)


def _check_evidence(submission: Submission, protocol: ProtocolInfo) -> Iterator[Problem]:
    result = submission.result
    for place, info in enumerate(result.evidence):
        evidence = submission.of_protocol.get(info.file)
        curves = [
            (at, curve)
            for at, curve in enumerate(result.curves)
            if info.file.endswith(evidence_name("", curve.index, curve.distractors))
        ]
        if evidence is None or not curves:
            continue
        first = curves[0][1]
        lengths_s = list(dict.fromkeys(curve.query_length_s for _, curve in curves))
        if len(lengths_s) != len(evidence.segments):
            rule = f"the evidence has {len(evidence.segments)} lengths"
            yield Problem(pointer=f"/evidence/{place}", value=lengths_s, rule=rule)
            continue
        labels = ProtocolLabels(
            distractors=first.distractors,
            index=first.index,
            query_lengths_s=lengths_s,
            n_reference=first.points[0].n_reference,
            hop_s=result.fingerprinter.hop_s,
            rules=protocol.rules,
        )
        yield from _check_hits(evidence, f"/evidence/{place}/file", info.file)
        right = protocol_curves(evidence, labels)
        if len(right) != len(curves):
            rule = f"the evidence gives {len(right)} curves of {first.index}"
            yield Problem(pointer="/curves", value=len(curves), rule=rule)
            continue
        for (at, curve), expected in zip(curves, right, strict=True):
            yield from compare(f"/curves/{at}", curve, expected)
        rates = [
            rate
            for rate in protocol.rates
            if (rate.index, rate.distractors) == (first.index, first.distractors)
        ]
        yield from compare("/protocol/rates", rates, protocol_rates(evidence, labels))
        counted = len(evidence.test_ids)
        yield from compare("/queries/n", result.queries.n, counted)


def _check_hits(evidence: ProtocolEvidence, pointer: str, file: str) -> Iterator[Problem]:
    """Hits are those of the starts, best first."""
    if (evidence.scores[..., 1:] > evidence.scores[..., :-1]).any():
        yield Problem(pointer=pointer, value=file, rule="scores of starts descend")
    if (evidence.truth < 0).any():
        return  # only the track is known, and the evidence does not hold those of starts
    truth = np.broadcast_to(evidence.truth[:, :, None], evidence.starts.shape[:3])
    for (rules, metric), hits in evidence.hits.items():
        known = METRICS.get(metric)
        if known is None:
            rule = f"there is no metric {metric}"
            yield Problem(pointer=pointer, value=file, rule=rule)
        elif known.tolerance_hops is not None and not np.array_equal(
            hits, count_near_starts(evidence.starts, truth, metric)
        ):
            rule = f"hits of {metric} by {rules} rules are those of its starts"
            yield Problem(pointer=pointer, value=file, rule=rule)
