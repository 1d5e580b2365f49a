"""One result is one JSON document: read, checked and written here and nowhere else."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file

SCHEMA_VERSION = 1

DistractorKind = Literal["real", "synthetic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval; ``low`` and ``high`` are rates from 0 to 1."""

    level: float
    low: float
    high: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A metric at one database size.

    Args:
        n_distractors: Fingerprints that answer no query.
        n_reference: Fingerprints that a query can match; the database holds both.
        hours: Audio behind the whole database, at the fingerprinter's hop.
        value: The rate, from 0 to 1, mean over ``repeats``.
        std: Over repeats with disjoint distractors, in the units of ``value``; None for one repeat.
        repeats: Disjoint databases of this size that were searched.
        n_queries: Queries behind each repeat.
        ci: For the population of tracks behind the queries.
    """

    n_distractors: int
    n_reference: int
    hours: float
    value: float
    std: float | None
    repeats: int
    n_queries: int
    ci: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A metric against database size.

    Args:
        distractors: Fingerprints of real audio, or drawn from a generator.
        index: Name of the search index.
        index_parameters: As read back from the library that searches.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``: the true match is among the first k.
        tolerance_s: How far in time a match may be off; None means anywhere in the track.
        query_length_s: Audio in one query.
        points: By growing size.
    """

    distractors: DistractorKind
    index: str
    index_parameters: Mapping[str, int | float | str]
    metric: str
    tolerance_s: float | None
    query_length_s: float
    points: Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprinterInfo:
    """What was measured; fingerprints that came ready-made have no source and no sample rate.

    Args:
        source_sha256: Of the plugin's files, shipped weights included.
        weights_sha256: Of the file given as ``--weights``.
    """

    name: str
    distribution: str
    version: str
    source_sha256: str | None
    weights_sha256: str | None
    options: Mapping[str, str]
    device: str
    dtype: str
    sample_rate_hz: int | None
    segment_s: float
    hop_s: float
    dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A track that could not be used, and why."""

    track: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInfo:
    """What it was measured on; hours are of audio.

    Args:
        content: Addresses the exact bytes of all recordings, those that degrade queries too.
    """

    name: str
    reference_tracks: int
    reference_fingerprints: int
    reference_hours: float
    distractor_tracks: int
    distractor_fingerprints: int
    distractor_hours: float
    skipped: Sequence[Skipped]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryInfo:
    """How queries were made. ``tracks`` is how many different ones they come from."""

    n: int
    tracks: int
    length_s: float
    recipe: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorInfo:
    """Where synthetic distractors came from.

    Args:
        parameters: What shapes a draw, as the generator itself says: solver, steps, projection.
        fitted_fingerprints: How many it learnt from in this run; None if it came fitted.
        weights_sha256: Of the fitted generator's file.
    """

    name: str
    distribution: str
    version: str
    options: Mapping[str, str]
    parameters: Mapping[str, int | float | str]
    fitted_fingerprints: int | None
    weights_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceInfo:
    """The file beside the result from which every number can be recomputed."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What ``fpbench run`` writes and people submit.

    Args:
        status: ``complete``, or ``partial`` where a wanted size exceeds the real distractors.
        config: The run's configuration; equal configs and data give equal numbers.
        command: What was typed.
        fidelity: How like the real ones the synthetic fingerprints are; see ``fidelity.py``.
    """

    status: Literal["complete", "partial"]
    fingerprinter: FingerprinterInfo
    data: DataInfo
    queries: QueryInfo
    generator: GeneratorInfo | None
    fidelity: Mapping[str, Any] | None
    curves: Sequence[Curve]
    evidence: Sequence[EvidenceInfo]
    environment: Mapping[str, str]
    config: Mapping[str, Any]
    command: str
    schema_version: int = field(default=SCHEMA_VERSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked, and about which audio: hit rates of equal questions can be compared."""

    content: str
    query_length_s: float
    recipe: str
    n_queries: int
    seed: int

    @classmethod
    def of(cls, result: Result) -> "Question":
        queries = result.queries
        return cls(
            content=result.data.content,
            query_length_s=queries.length_s,
            recipe=json.dumps(queries.recipe, sort_keys=True),
            n_queries=queries.n,
            seed=result.config.get("seed", 0),
        )


@cache
def schema() -> dict[str, Any]:
    """The JSON schema of a result, the contract for submissions."""
    text = files("fpbench").joinpath("schemas/result.v1.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def dump_result(result: Result) -> str:
    """JSON text; equal results are equal bytes."""
    return json.dumps(dataclasses.asdict(result), indent=2, sort_keys=True, allow_nan=False) + "\n"


def write_result(result: Result, path: Path) -> None:
    """Write atomically: whoever looks sees the whole result or none."""
    text = dump_result(result)
    _check(json.loads(text), str(path))
    with atomic_file(path) as file:
        file.write(text.encode())


def read_result(path: Path) -> Result:
    """Read and check a result.

    Raises:
        FpbenchError: Not readable, not JSON, or not by the schema; names the field and value.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text, parse_constant=_no_number)
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check the path") from err
    except ValueError as err:  # of UTF-8, of JSON, or of a number
        raise FpbenchError(
            f"{path} is not JSON: {err}", hint="was it cut off? `fpbench run` writes it again"
        ) from err
    _check(document, str(path))
    result: Result = _loaded(Result, document)
    return result


def may_be_result(path: Path) -> bool:
    """Whether a JSON file claims to be a result; one that cannot be read may be a damaged one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    return isinstance(document, Mapping) and "schema_version" in document


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _check(document: object, name: str) -> None:
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema())
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path) or "the document"
        raise FpbenchError(
            f"{name}: {where}: {_shortened(error.message)}",
            hint="the format is harness/fpbench/schemas/result.v1.json",
        )


def _shortened(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else f"{message[:limit]} …"


def _loaded(kind: Any, value: Any) -> Any:
    """Dictionaries and lists from JSON into the dataclasses that ``kind`` names."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(
            **{f.name: _loaded(hints[f.name], value[f.name]) for f in dataclasses.fields(kind)}
        )
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        return _loaded(next(k for k in typing.get_args(kind) if k is not type(None)), value)
    if typing.get_origin(kind) is Sequence:
        return [_loaded(typing.get_args(kind)[0], item) for item in value]
    return value
