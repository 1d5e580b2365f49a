"""Approximate search with FAISS."""

from collections.abc import Iterable

from fpbench import (
    BlockIndex,
    Entry,
    FpbenchError,
    GrowingIndex,
    Index,
    Settings,
    apply_options,
    hookimpl,
)

FAISS = {"library": "FAISS (MIT)", "metric": "squared Euclidean distance"}


@hookimpl
def fpbench_indexes() -> Iterable[Entry[Index]]:
    return [
        Entry(
            name="ivfpq",
            summary="inverted lists of product-quantised residuals, as arXiv 2509.18620 has them",
            create=create_ivfpq,
            details=FAISS,
        ),
        Entry(
            name="ivf",
            summary="inverted lists of whole vectors, as NAFP's evaluation has them",
            create=create_ivf,
            details=FAISS,
        ),
        Entry(
            name="lsh",
            summary="signs of random projections, compared bit by bit",
            create=create_lsh,
            details=FAISS,
        ),
        Entry(
            name="hnsw",
            summary="a navigable graph, grown in place: memory grows with the database",
            create=create_hnsw,
            details=FAISS,
        ),
        Entry(
            name="faiss",
            summary="whatever index_factory makes of a string, grown in place",
            create=create_factory,
            argument="FACTORY",
            details=FAISS,
        ),
    ]


# Each imports its own because faiss must not be imported by `fpbench --help`.


def create_ivfpq(settings: Settings) -> BlockIndex:
    from fpbench_plugins.faiss_indexes.blocks import FaissBlockIndex
    from fpbench_plugins.faiss_indexes.settings import IvfPq

    return FaissBlockIndex(apply_options(IvfPq(), settings.options))


def create_ivf(settings: Settings) -> BlockIndex:
    from fpbench_plugins.faiss_indexes.blocks import FaissBlockIndex
    from fpbench_plugins.faiss_indexes.settings import Ivf

    return FaissBlockIndex(apply_options(Ivf(), settings.options))


def create_lsh(settings: Settings) -> BlockIndex:
    from fpbench_plugins.faiss_indexes.blocks import FaissBlockIndex
    from fpbench_plugins.faiss_indexes.settings import Lsh

    return FaissBlockIndex(apply_options(Lsh(), settings.options))


def create_hnsw(settings: Settings) -> GrowingIndex:
    from fpbench_plugins.faiss_indexes.growing import FaissGrowingIndex
    from fpbench_plugins.faiss_indexes.settings import Hnsw

    return FaissGrowingIndex(apply_options(Hnsw(), settings.options))


def create_factory(settings: Settings) -> GrowingIndex:
    from fpbench_plugins.faiss_indexes.growing import FaissGrowingIndex
    from fpbench_plugins.faiss_indexes.settings import Factory

    if not settings.argument:
        raise FpbenchError(
            "which FAISS index is meant is not said",
            hint="write a factory string after the colon, such as faiss:IVF256,Flat",
        )
    index_settings = Factory(
        factory=settings.argument, search=tuple(sorted(settings.options.items()))
    )
    return FaissGrowingIndex(index_settings)
