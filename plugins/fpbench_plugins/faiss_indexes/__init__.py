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
            name="l2",
            summary="exact search by distance, which for vectors of unequal length is not `exact`",
            create=create_l2,
            details=FAISS,
        ),
        Entry(
            name="ivfpq",
            summary="inverted lists with product-quantised residuals, as in arXiv 2509.18620",
            create=create_ivfpq,
            details=FAISS,
        ),
        Entry(
            name="ivfpq-rr",
            summary="ivfpq with refined codes, as in NAFP's evaluation; it fills the memory",
            create=create_refined,
            details=FAISS,
        ),
        Entry(
            name="ivf",
            summary="inverted lists with uncompressed vectors, as in NAFP's evaluation",
            create=create_ivf,
            details=FAISS,
        ),
        Entry(
            name="lsh",
            summary="signs of random projections, compared by Hamming distance",
            create=create_lsh,
            details=FAISS,
        ),
        Entry(
            name="hnsw",
            summary="a navigable graph over the whole database, which must fit in memory",
            create=create_hnsw,
            details=FAISS,
        ),
        Entry(
            name="faiss",
            summary="any index of FAISS's index_factory; the whole database must fit in memory",
            create=create_factory,
            argument="FACTORY",
            details=FAISS,
        ),
    ]


# The imports are in the functions because `fpbench --help` must not wait for faiss.


def create_l2(settings: Settings) -> BlockIndex:
    from fpbench_plugins.faiss_indexes.blocks import FaissBlockIndex
    from fpbench_plugins.faiss_indexes.settings import Flat

    return FaissBlockIndex(apply_options(Flat(), settings.options))


def create_refined(settings: Settings) -> GrowingIndex:
    from fpbench_plugins.faiss_indexes.growing import FaissGrowingIndex
    from fpbench_plugins.faiss_indexes.settings import RefinedIvfPq

    return FaissGrowingIndex(apply_options(RefinedIvfPq(), settings.options))


def create_ivfpq(settings: Settings) -> BlockIndex:
    from fpbench_plugins.faiss_indexes.blocks import FaissBlockIndex
    from fpbench_plugins.faiss_indexes.inverted_lists import decode_codes
    from fpbench_plugins.faiss_indexes.settings import IvfPq

    return FaissBlockIndex(apply_options(IvfPq(), settings.options), decode_codes)


def create_ivf(settings: Settings) -> BlockIndex:
    from fpbench_plugins.faiss_indexes.blocks import FaissBlockIndex
    from fpbench_plugins.faiss_indexes.inverted_lists import decode_vectors
    from fpbench_plugins.faiss_indexes.settings import Ivf

    return FaissBlockIndex(apply_options(Ivf(), settings.options), decode_vectors)


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
            "the index 'faiss' needs a factory string",
            hint="write it after a colon, for example faiss:IVF256,Flat",
        )
    index_settings = Factory(
        factory=settings.argument, search=tuple(sorted(settings.options.items()))
    )
    index_settings.refuse_unknown()
    return FaissGrowingIndex(index_settings)
