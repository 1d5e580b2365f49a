"""Settings of FAISS indexes, and checks that FAISS uses them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Protocol, runtime_checkable

import faiss
import numpy as np
from msgspec import Meta

from fpbench import FpbenchError, Vectors
from fpbench.conversion import suggest
from fpbench_plugins.faiss_indexes.errors import describe_index, translate_faiss_errors
from fpbench_plugins.faiss_indexes.neighbours import require_finite

_DIVISIBLE = 960  # dims; divisible by the numbers of parts that product quantisers usually have
_OF_SEARCH = ("nprobe", "ht", "max_codes", "k_factor", "k_factor_rf")  # in FAISS's own words
_FEWEST_LINKS = {"HNSW": 2, "NSG": 8}  # HNSW1 ends the process, NSG4 never ends
POINTS_PER_CENTROID = 256  # the most that FAISS's k-means uses

Value = int | float | str
Positive = Annotated[int, Meta(ge=1)]  # FAISS takes 0, and ends the process later


@runtime_checkable
class IndexSettings(Protocol):
    """Settings of an index, and how to build it, empty and untrained."""

    @property
    def training_rows(self) -> int: ...

    @property
    def search_parameters(self) -> Collection[str]:
        """Names of the settings that only a search reads."""
        ...

    def build(self, dim: int) -> Any: ...

    def set_search(self, index: Any) -> None:
        """Give an index these settings of the search, because others may share it."""
        ...

    def read_back(self, index: Any) -> Mapping[str, Value]:
        """The values of these settings that the index really uses."""
        ...


def list_parameters(settings: IndexSettings) -> dict[str, Value]:
    """All settings of an index, and FAISS's version, on which results depend too."""
    values = asdict(settings)  # type: ignore[call-overload]  # a dataclass
    by_name = dict(values.pop("search", ()))
    return {**values, **by_name, "faiss": faiss.__version__}


def build_index(settings: IndexSettings, dim: int) -> Any:
    """An empty index.

    Raises:
        FpbenchError: FAISS refuses the settings, or uses other values without a warning.
    """
    with translate_faiss_errors(settings, f"build {{}} for vectors of {dim} dims"):
        index = settings.build(dim)
    has = settings.read_back(index)
    for name, wanted in asdict(settings).items():  # type: ignore[call-overload]  # a dataclass
        if name in has and has[name] != wanted:
            raise FpbenchError(
                f"FAISS uses {name}={has[name]} instead of {name}={wanted}",
                hint=f"choose a {name} that FAISS {faiss.__version__} accepts",
            )
    return index


def train_index(settings: IndexSettings, vectors: Vectors) -> Any:
    """An empty, trained index.

    Raises:
        FpbenchError: As :func:`build_index`; or a vector is not finite; or they are too few.
    """
    require_finite(vectors, "training vector")
    index = build_index(settings, vectors.shape[1])
    if index.is_trained:
        return index
    with translate_faiss_errors(settings, f"train {{}} on {len(vectors)} vectors"):
        index.train(np.ascontiguousarray(vectors))
    return index


@dataclass(frozen=True, slots=True, kw_only=True)
class IvfPq:
    """The setting of arXiv 2509.18620. NAFP's own evaluation uses 256 lists and nprobe 40.

    Args:
        nlist: Inverted lists.
        nprobe: Lists searched for each query.
        parts: Number of sub-quantisers; must divide the number of dims.
        bits: Bits of each sub-quantiser's code.
    """

    nlist: Positive = 64
    nprobe: Positive = 20
    parts: Positive = 64
    bits: Annotated[int, Meta(ge=1, le=24)] = 8

    @property
    def training_rows(self) -> int:
        return POINTS_PER_CENTROID * max(self.nlist, 1 << self.bits)

    @property
    def search_parameters(self) -> Collection[str]:
        return ("nprobe",)

    def set_search(self, index: Any) -> None:
        index.nprobe = self.nprobe

    def build(self, dim: int) -> Any:
        lists = faiss.IndexFlatL2(dim)
        index = faiss.IndexIVFPQ(lists, dim, self.nlist, self.parts, self.bits)
        self.set_search(index)
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

    nlist: Positive = 400
    nprobe: Positive = 40

    @property
    def training_rows(self) -> int:
        return POINTS_PER_CENTROID * self.nlist

    @property
    def search_parameters(self) -> Collection[str]:
        return ("nprobe",)

    def set_search(self, index: Any) -> None:
        index.nprobe = self.nprobe

    def build(self, dim: int) -> Any:
        index = faiss.IndexIVFFlat(faiss.IndexFlatL2(dim), dim, self.nlist)
        self.set_search(index)
        return index

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {"nlist": index.nlist, "nprobe": index.nprobe}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """All rows, uncompressed and compared one by one, as in NAFP's evaluation."""

    @property
    def training_rows(self) -> int:
        return 0

    @property
    def search_parameters(self) -> Collection[str]:
        return ()

    def set_search(self, index: Any) -> None:
        """Nothing of a search can be set."""

    def build(self, dim: int) -> Any:
        return faiss.IndexFlatL2(dim)

    def read_back(self, _index: Any) -> Mapping[str, Value]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinedIvfPq(IvfPq):
    """The setting of NAFP's evaluation for an inverted file whose codes are refined.

    Args:
        refine_parts: Number of sub-quantisers of the second level.
        refine_bits: Bits of each of their codes.
    """

    nlist: Positive = 256
    nprobe: Positive = 40
    refine_parts: Positive = 4
    refine_bits: Annotated[int, Meta(ge=1, le=24)] = 4

    def build(self, dim: int) -> Any:
        lists = faiss.IndexFlatL2(dim)
        index = faiss.IndexIVFPQR(
            lists, dim, self.nlist, self.parts, self.bits, self.refine_parts, self.refine_bits
        )
        self.set_search(index)
        return index

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {
            "nlist": index.nlist,
            "nprobe": index.nprobe,
            "parts": index.pq.M,
            "bits": index.pq.nbits,
            "refine_parts": index.refine_pq.M,
            "refine_bits": index.refine_pq.nbits,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Lsh:
    """The setting of GraFPrint's evaluation."""

    bits: Positive = 256

    @property
    def training_rows(self) -> int:
        return 1  # the projections are random, but FAISS still wants a call of train

    @property
    def search_parameters(self) -> Collection[str]:
        return ()

    def set_search(self, index: Any) -> None:
        """Nothing of a search can be set."""

    def build(self, dim: int) -> Any:
        return faiss.IndexLSH(dim, self.bits)

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {"bits": index.nbits}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hnsw:
    """The setting of NAFP's evaluation, which leaves ``ef_search`` at FAISS's default."""

    links: Annotated[int, Meta(ge=2)] = 16
    ef_construction: Positive = 80
    ef_search: Positive = 16

    @property
    def training_rows(self) -> int:
        return 0

    @property
    def search_parameters(self) -> Collection[str]:
        return ("ef_search",)

    def set_search(self, index: Any) -> None:
        index.hnsw.efSearch = self.ef_search

    def build(self, dim: int) -> Any:
        index = faiss.IndexHNSWFlat(dim, self.links)
        index.hnsw.efConstruction = self.ef_construction
        self.set_search(index)
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
        """One million, or 0 for an index without training, such as ``HNSW16``."""
        try:
            learns = not faiss.index_factory(_DIVISIBLE, self.factory).is_trained
        except RuntimeError:
            learns = True  # building the index will show what is wrong
        return 1_000_000 if learns else 0

    @property
    def search_parameters(self) -> Collection[str]:
        # The graph of a coarse quantiser is also searched when rows are added.
        lists = any(word in self.factory for word in ("IVF", "IMI"))
        return _OF_SEARCH if lists else (*_OF_SEARCH, "efSearch")

    def set_search(self, index: Any) -> None:
        for name, value in self.search:
            if name in self.search_parameters:
                _set_and_check(index, name, value)

    def build(self, dim: int) -> Any:
        index = faiss.index_factory(dim, self.factory)
        for name, value in self.search:
            _set_and_check(index, name, value)
        return index

    def read_back(self, index: Any) -> Mapping[str, Value]:
        return {}  # _set_and_check has checked each one

    def refuse_unknown(self) -> None:
        """Refuse a parameter that such an index does not have, before any work.

        Raises:
            FpbenchError: There is one, and the hint lists those that it has; or a number in the
                factory string would end the process.
        """
        _refuse_small_numbers(self)
        try:
            index = faiss.index_factory(_DIVISIBLE, self.factory)
        except RuntimeError:
            return  # building the index will show what is wrong
        space = faiss.ParameterSpace()
        space.initialize(index)
        ranges = space.parameter_ranges
        known = [ranges.at(place).name for place in range(ranges.size())]
        for name, value in self.search:
            try:
                _set_and_check(index, name, value)
            except RuntimeError as err:
                raise FpbenchError(
                    f"'faiss:{self.factory}' has no parameter called '{name}'",
                    hint=f"{suggest(name, known)}parameters: {', '.join(known) or 'none'}",
                ) from err


def _refuse_small_numbers(settings: Factory) -> None:
    """Refuse a factory string with a number that makes FAISS end the process or run for ever.

    Raises:
        FpbenchError: A number is 0, or a graph has too few links, also one of the lists' centroids.
    """
    graphs = re.findall(r"(HNSW|NSG)(\d+)", settings.factory)
    few = next((kind for kind, links in graphs if int(links) < _FEWEST_LINKS[kind]), None)
    if few is not None:
        fewest = _FEWEST_LINKS[few]
        raise FpbenchError(
            f"FAISS cannot build {describe_index(settings)}: a node needs {fewest} links or more",
            hint=f"choose {fewest} or more, for example faiss:{few}16",
        )
    if re.search(r"(?<!\d)0+(?!\d)", settings.factory):
        raise FpbenchError(
            f"FAISS cannot build {describe_index(settings)}: a number in it is 0",
            hint="choose 1 or more in the factory string",
        )


def _set_and_check(index: Any, name: str, text: str) -> None:
    """Set a search parameter by name and check that FAISS uses it."""
    try:
        value = float(text)
    except ValueError as err:
        raise FpbenchError(
            f"FAISS parameter '{name}' cannot be '{text}'", hint="give a number"
        ) from err
    faiss.ParameterSpace().set_index_parameter(index, name, value)
    parts = [faiss.downcast_index(index)]
    if isinstance(parts[0], faiss.IndexPreTransform):
        parts.append(faiss.downcast_index(parts[0].index))
    parts += [part.hnsw for part in parts if hasattr(part, "hnsw")]
    for part in parts:
        if hasattr(part, name) and getattr(part, name) != value:
            raise FpbenchError(
                f"FAISS uses {name}={getattr(part, name)} instead of {name}={text}",
                hint="check the parameter's name and value",
            )
