"""Decides which results may be compared with each other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fpbench.results.document import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonKey:
    """Audio, queries and protocol of a result. Results with equal keys may be compared.

    Args:
        protocol: Name, version and settings of the authors' protocol; empty without one.
    """

    content: str
    query_length_s: float
    recipe: str
    n_queries: int
    seed: int
    protocol: str = ""

    @classmethod
    def of(cls, result: Result) -> "ComparisonKey":
        queries, protocol = result.queries, result.protocol
        named: list[object] = []
        if protocol is not None:
            named = [protocol.name, protocol.version, protocol.rules, dict(protocol.settings)]
            named.append(protocol.test_ids_sha256)
        return cls(
            content=result.data.content,
            query_length_s=queries.length_s,
            recipe=json.dumps(queries.recipe, sort_keys=True),
            n_queries=queries.n,
            seed=result.config.get("seed", 0),
            protocol=json.dumps(named, sort_keys=True) if named else "",
        )


def split_by_length(result: Result) -> Iterator[Result]:
    """A result for each length of its queries: a run by a protocol has several.

    Yields:
        The result itself if its queries have one length.
    """
    lengths_s = list(dict.fromkeys(curve.query_length_s for curve in result.curves))
    if len(lengths_s) == 1:
        yield result
        return
    for length_s in lengths_s:
        curves = [curve for curve in result.curves if curve.query_length_s == length_s]
        yield replace(result, curves=curves, queries=replace(result.queries, length_s=length_s))
