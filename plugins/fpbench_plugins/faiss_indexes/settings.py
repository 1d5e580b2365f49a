"""What FAISS is asked to build, and what it says that it has built."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import faiss
import numpy as np

from fpbench import FpbenchError, Vectors
from fpbench_plugins.faiss_indexes.neighbours import require_finite

_DIVISIBLE = 960  # dims, by as many parts as most product quantisers have
POINTS_PER_CENTROID = 256  # more than that FAISS's k-means leaves out

Value = int | float | str


@runtime_checkable
class IndexSettings(Protocol):
    """Settings of an index, and how to build one that is still empty and untrained."""

    @property
    def training_rows(self) -> int: ...

    def build(self, dim: int) -> Any: ...

    def read_back(self, index: Any) -> Mapping[str, Value]:
        """The same settings, as the index itself now has them."""
        ...


def list_parameters(settings: IndexSettings) -> dict[str, Value]:
    """All settings of an index, with the library's version, which answers depend on too."""
    values = asdict(settings)  # type: ignore[call-overload]  # a dataclass
    by_name = dict(values.pop("search", ()))
    return {**values, **by_name, "faiss": faiss.__version__}


def build_index(settings: IndexSettings, dim: int) -> Any:
    """An empty index.

    Raises:
        FpbenchError: FAISS refuses the settings, or silently uses others.
    """
    try:
        index = settings.build(dim)
    except RuntimeError as err:
        reason = str(err).strip().splitlines()[-1]
        raise FpbenchError(
            f"FAISS cannot build {settings} for vectors of {dim} dims: {reason}",
            hint="choose another factory string, or change [index_options] in the --config file",
        ) from err
    has = settings.read_back(index)
    for name, wanted in asdict(settings).items():  # type: ignore[call-overload]  # a dataclass
        if name in has and has[name] != wanted:
            raise FpbenchError(
                f"FAISS uses {name}={has[name]} where {name}={wanted} was asked for",
                hint=f"choose a {name} that this FAISS ({faiss.__version__}) takes",
            )
    return index


def train_index(settings: IndexSettings, vectors: Vectors) -> Any:
    """An empty index that has learnt what it needs.

    Raises:
        FpbenchError: As :func:`build_index`; a vector is not finite; or there are too few.
    """
    require_finite(vectors, "training vector")
    index = build_index(settings, vectors.shape[1])
    if index.is_trained:
        return index
    try:
        index.train(np.ascontiguousarray(vectors))
    except RuntimeError as err:
        reason = str(err).strip().splitlines()[-1]
        raise FpbenchError(
            f"FAISS cannot be trained on {len(vectors)} vectors: {reason}",
            hint="give it more distractors, or ask for fewer lists or a smaller index",
        ) from err
    return index


@dataclass(frozen=True, slots=True, kw_only=True)
class IvfPq:
    """The setting of arXiv 2509.18620. NAFP's own evaluation has 256 lists and nprobe 40.

    Args:
        nlist: Inverted lists.
        nprobe: Lists that are searched for each query.
        parts: Sub-quantisers; must divide the number of dims.
        bits: Of each sub-quantiser's code.
    """

    nlist: int = 64
    nprobe: int = 20
    parts: int = 64
    bits: int = 8

    @property
    def training_rows(self) -> int:
        return POINTS_PER_CENTROID * max(self.nlist, 1 << self.bits)

    def build(self, dim: int) -> Any:
        lists = faiss.IndexFlatL2(dim)
        index = faiss.IndexIVFPQ(lists, dim, self.nlist, self.parts, self.bits)
        index.nprobe = self.nprobe
        return index

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {
            "nlist": index.nlist,
            "nprobe": index.nprobe,
            "parts": index.pq.M,
            "bits": index.pq.nbits,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ivf:
    """The setting of NAFP's evaluation for an inverted file without compression."""

    nlist: int = 400
    nprobe: int = 40

    @property
    def training_rows(self) -> int:
        return POINTS_PER_CENTROID * self.nlist

    def build(self, dim: int) -> Any:
        index = faiss.IndexIVFFlat(faiss.IndexFlatL2(dim), dim, self.nlist)
        index.nprobe = self.nprobe
        return index

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {"nlist": index.nlist, "nprobe": index.nprobe}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lsh:
    """The setting of GraFPrint's evaluation."""

    bits: int = 256

    @property
    def training_rows(self) -> int:
        return 1  # the projections are drawn, not learnt; FAISS wants to be told to

    def build(self, dim: int) -> Any:
        return faiss.IndexLSH(dim, self.bits)

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {"bits": index.nbits}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hnsw:
    """The setting of NAFP's evaluation; ``ef_search`` is FAISS's default, which it keeps."""

    links: int = 16
    ef_construction: int = 80
    ef_search: int = 16

    @property
    def training_rows(self) -> int:
        return 0

    def build(self, dim: int) -> Any:
        index = faiss.IndexHNSWFlat(dim, self.links)
        index.hnsw.efConstruction = self.ef_construction
        index.hnsw.efSearch = self.ef_search
        return index

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {
            "links": index.hnsw.nb_neighbors(1),
            "ef_construction": index.hnsw.efConstruction,
            "ef_search": index.hnsw.efSearch,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """Any index that FAISS can make from a string.

    Args:
        search: Parameters by FAISS's own names, such as nprobe or efSearch.
    """

    factory: str
    search: tuple[tuple[str, str], ...] = ()

    @property
    def training_rows(self) -> int:
        """A million; 0 for what learns nothing, such as ``HNSW16``."""
        try:
            learns = not faiss.index_factory(_DIVISIBLE, self.factory).is_trained
        except RuntimeError:
            learns = True  # whatever is wrong shows when it is built
        return 1_000_000 if learns else 0

    def build(self, dim: int) -> Any:
        index = faiss.index_factory(dim, self.factory)
        for name, value in self.search:
            _set_and_check(index, name, value)
        return index

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {}  # checked one by one as they were set


def _set_and_check(index: Any, name: str, text: str) -> None:
    """Set a search parameter by name and make sure that it has arrived."""
    try:
        value = float(text)
    except ValueError as err:
        raise FpbenchError(
            f"FAISS parameter '{name}' cannot be '{text}'", hint="it takes a number"
        ) from err
    faiss.ParameterSpace().set_index_parameter(index, name, value)
    parts = [faiss.downcast_index(index)]
    if isinstance(parts[0], faiss.IndexPreTransform):
        parts.append(faiss.downcast_index(parts[0].index))
    parts += [part.hnsw for part in parts if hasattr(part, "hnsw")]
    for part in parts:
        if hasattr(part, name) and getattr(part, name) != value:
            raise FpbenchError(
                f"FAISS uses {name}={getattr(part, name)} where {name}={text} was asked for",
                hint="check the parameter's name and value",
            )
