"""Decides which results may be compared with each other."""

import json
from dataclasses import dataclass

from fpbench.results.document import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonKey:
    """Audio and queries of a result. Results with equal keys may be compared."""

    content: str
    query_length_s: float
    recipe: str
    n_queries: int
    seed: int

    @classmethod
    def of(cls, result: Result) -> "ComparisonKey":
        queries = result.queries
        return cls(
            content=result.data.content,
            query_length_s=queries.length_s,
            recipe=json.dumps(queries.recipe, sort_keys=True),
            n_queries=queries.n,
            seed=result.config.get("seed", 0),
        )
