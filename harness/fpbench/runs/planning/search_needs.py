"""Estimate what a search with one index needs."""

from fpbench.machine import arithmetic_threads
from fpbench.results.fields import DistractorKind
from fpbench.results.lengths import QueryLength
from fpbench.runs.needs import Need
from fpbench.runs.planning.planned_parts import PlannedPart
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.needs import protocol_neighbours
from fpbench.runs.trials import product_rate
from fpbench.search.named_indexes import NamedIndex, names_that_fill
from fpbench.search.tasks import SHORTLIST
from fpbench.units import count_label, short_size

_ENCODING_ROWS = 300_000.0  # rows encoded per second by IVF-PQ, two cores
_CODE_PAIRS = 2.5e8  # query-row pairs searched per second by an approximate index, two cores


def index_need(
    prepared: PreparedRun,
    named: NamedIndex,
    kind: DistractorKind,
    part: PlannedPart,
    *,
    length: QueryLength,
    n_queries: int,
) -> Need:
    """Needs of the search of a database with queries of one length.

    Args:
        prepared: The run.
        named: The index.
        kind: The distractors, which are named if the run has both kinds.
        part: What is searched of the database.
        length: Length of the queries.
        n_queries: Number of queries.
    """
    k = SHORTLIST
    if prepared.config.protocol is not None:
        k = protocol_neighbours(prepared.config)
    filling = {name for named in prepared.indexes.values() for name in names_that_fill(named)}
    of_kind = f", {kind}" if len(prepared.indexes) > 1 else ""
    of_length = f", {length.length_s:g} s" if len(prepared.source.lengths) > 1 else ""
    return search_need(
        f"search {named.name}{of_kind}{of_length}",
        n_queries,
        part.rows + part.references.get(named.name, 0),
        prepared.info.dim,
        blocks=part.blocks,
        segments=length.segments,
        exact=named.index.kind == "block" and named.index.exact,
        grown=named.index.kind == "growing",
        filled=named.name not in filling,
        k=k,
    )


def search_need(
    stage: str,
    n_queries: int,
    rows: int,
    dim: int,
    *,
    blocks: int,
    segments: int = 1,
    exact: bool,
    grown: bool,
    filled: bool = False,
    k: int = SHORTLIST,
) -> Need:
    """Needs of the search with one index.

    Args:
        stage: Title of the stage.
        n_queries: Number of queries.
        rows: Rows of the largest database.
        dim: Dimensions of a fingerprint.
        blocks: Number of blocks; for each, a shortlist is kept per query.
        segments: Fingerprints in a query. Exact search takes them as one long vector, other indexes
            search each fingerprint.
        exact: Whether the index computes the inner product of every query with every row.
        grown: Whether the index keeps every row in memory.
        filled: Whether another setting of the index fills it.
        k: Rows that are kept of a block for each query.
    """
    threads = arithmetic_threads()
    pairs = float(n_queries) * rows * segments
    candidates = float(blocks) * n_queries * k * (1 if exact else segments)
    if exact:
        seconds = 2 * dim * pairs / product_rate(n_queries, dim * segments)
    else:
        encoded = 0 if filled else rows * segments
        seconds = (pairs / _CODE_PAIRS + encoded / _ENCODING_ROWS) * 2 / threads
    return Need(
        stage=stage,
        work=f"{count_label(n_queries, 'query', 'queries')} × {short_size(rows)}",  # noqa: RUF001 - a product
        seconds=seconds,
        memory_bytes=500e6 + 28.0 * candidates + (4.5 * dim * rows if grown else 0),
        disk_bytes=12.0 * candidates,
        in_result=True,
    )
