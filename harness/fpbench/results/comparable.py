"""Decides which results may be compared with each other."""

import json
from dataclasses import dataclass

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
