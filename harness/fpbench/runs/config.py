"""Settings of a run: one dataclass, from the command line and from TOML."""

import dataclasses
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fpbench.audio.query_recipe import (
    LONGEST_QUERY_S,
    NAFP,
    QueryRecipe,
    recipe_from_json,
    recipe_to_json,
)
from fpbench.conversion import convert, option_texts
from fpbench.errors import FpbenchError
from fpbench.evidence.files import evidence_name
from fpbench.hashing import file_sha256
from fpbench.plugin.datasets import Channel
from fpbench.plugin.devices import WantedDtype, resolve_dtype
from fpbench.plugin.entries import Dtype
from fpbench.plugin.index_names import expand_index
from fpbench.results.config import Duplicates, RecordedConfig
from fpbench.results.document import DEFAULT_SIZES
from fpbench.results.failures import FailedRun
from fpbench.results.files import read_document
from fpbench.results.protocols import Rules
from fpbench.runs.protocols.definitions import find_protocol, protocol_settings
from fpbench.runs.recorded_settings import record_settings, restore_settings
from fpbench.user_paths import expand_path

Device = Literal["cpu", "cuda"]
Wanted = Literal["real", "synthetic", "both", "none"]
Options = Mapping[str, str]

_MOST_QUERIES = 1_000_000  # all are in memory
MOST_INDEXES = 50
"""Search indexes in one run, as many as a result holds."""

MOST_FITS = 20
"""Fits of a generator in one run."""

MOST_LENGTHS = 20
"""Lengths of queries in one run."""

_OF_PROTOCOLS = ("protocol", "test_ids", "rules", "protocol_options")

_LARGEST = 10**15  # distractors, for which probabilities of 1e-19 are simulated


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Everything that can change a run's numbers.

    Args:
        task: Name of the task that gives all settings but those of the system; None for settings
            of the user's own.
        fingerprinter: A name, or ``plugin:...``.
        weights: A file of weights: safetensors for the systems of fpbench, any format for another
            plugin; None means the fingerprinter's own weights.
        dataset: A name with its argument, such as ``folder:DIR``.
        channel: Signal that is taken of recordings with several channels: their ``mean``, the
            ``left`` or first, the ``right`` or second, or the ``loudest``, the one with the most
            energy over the whole recording. It holds for all recordings of a run: reference,
            distractors, recorded queries, noise and impulse responses.
        duplicates: What becomes of recordings that a dataset holds twice. ``report``: equal audio
            is left out, near copies (other codecs, rates or levels, shifted or cut) stay and are
            listed in the result. ``drop``: near copies are left out, too. ``keep``: nothing is left
            out or listed. Ready-made distractors that equal a fingerprint of the reference are left
            out unless it is ``keep``.
        name: Name of the system in the result, for a dataset of ready-made fingerprints.
        distractors: Kinds of distractors in the database.
        generator: Generator of the synthetic distractors; None chooses the best one that can be
            fitted in an hour.
        generator_weights: File of a fitted generator; None fits one to the real distractors.
        foreign_generator: Whether that generator may have been fitted to another fingerprinter, for
            studies; the result says so.
        sizes: Numbers of distractors at which hit rates are measured, increasing; empty means the
            defaults.
        beyond: Larger numbers of distractors, increasing, which are not searched: synthetic ones
            are simulated, other curves are extrapolated, for exact search.
        fits: Number of generators that are fitted, each with another seed and to another half of
            the real distractors, and searched.
        indexes: Names of search indexes, at least one; each gets its own curves. A name may have
            settings, of which a list means several indexes: ``ivfpq:nprobe=5,20,80``.
        tolerance_s: Largest distance of a match from the true time; None accepts the whole track,
            and is ``"track"`` in TOML. Every result also has curves for the whole track.
        recipe: How queries are drawn and degraded.
        recipe_given: Names of the recipe's fields that the user gave; the others may depend on the
            dataset. It is not in files.
        protocol: Name of the authors' protocol that the run follows; None for fpbench's own.
        query_lengths_s: Lengths of the queries, increasing, of which the last is that of the
            recipe: each query is also asked at every shorter length, with its first seconds. Empty
            means the length of the recipe alone, or those of the authors of a protocol.
        test_ids: Where the queries of a protocol begin: ``icassp``, ``all``, a number, or a
            ``.npy`` file; None means the protocol's own choice.
        rules: Rules by which the curves of a protocol count hits: ``right``, or ``official``, with
            the faults of the authors' script. The result has the rates by both.
        seed: Seed of every random draw.
        device: Device for the networks.
        dtype: Floating-point type of the networks' arithmetic.
        fingerprinter_options: Options as for ``--set``; the same for generator and dataset.
        index_options: Options by name of the index, without settings, which override them.
        protocol_options: Options of the protocol.

    Raises:
        ValueError: A number is out of its range, or there is no index or one twice.
    """

    task: str | None = None
    fingerprinter: str = "nafp"
    weights: Path | None = None
    dataset: str = "demo"
    channel: Channel = "mean"
    duplicates: Duplicates = "report"
    name: str | None = None
    distractors: Wanted = "both"
    generator: str | None = None
    generator_weights: Path | None = None
    foreign_generator: bool = False
    sizes: tuple[int, ...] = ()
    beyond: tuple[int, ...] = ()
    fits: int = 1
    indexes: tuple[str, ...] = ("exact",)
    tolerance_s: float | None = 0.25
    recipe: QueryRecipe = NAFP
    recipe_given: frozenset[str] = field(default=frozenset(), compare=False)
    protocol: str | None = None
    query_lengths_s: tuple[float, ...] = ()
    test_ids: str | None = None
    rules: Rules = "right"
    seed: int = 0
    device: Device = "cpu"
    dtype: Dtype = "float32"
    fingerprinter_options: Options = field(default_factory=dict)
    generator_options: Options = field(default_factory=dict)
    dataset_options: Options = field(default_factory=dict)
    index_options: Mapping[str, Options] = field(default_factory=dict)
    protocol_options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        if list(self.sizes) != sorted(set(self.sizes)) or min(self.sizes, default=1) < 1:
            raise ValueError(f"sizes={list(self.sizes)} are not positive and increasing")
        if max(self.sizes, default=0) > _LARGEST:
            raise ValueError(f"sizes has one above {_LARGEST:,}")
        if list(self.beyond) != sorted(set(self.beyond)):
            raise ValueError(f"beyond={list(self.beyond)} are not increasing")
        largest = max(self.sizes, default=DEFAULT_SIZES[-1])
        if min(self.beyond, default=largest + 1) <= largest:
            raise ValueError(f"beyond={list(self.beyond)} is not beyond sizes, up to {largest:,}")
        if max(self.beyond, default=0) > _LARGEST:
            raise ValueError(f"beyond={list(self.beyond)} is above {_LARGEST:,}")
        if not 1 <= self.fits <= MOST_FITS:
            raise ValueError(f"fits={self.fits} is not from 1 to {MOST_FITS}")
        if not self.indexes:
            raise ValueError("indexes is empty")
        self._check_indexes()
        if not 0 <= (self.tolerance_s or 0.0) < math.inf:
            raise ValueError(f"tolerance_s={self.tolerance_s} is not finite and at least 0")
        self._check_protocol()
        if self.name is not None and not self.name.strip():
            raise ValueError("name is empty")
        if self.recipe.n_queries > _MOST_QUERIES:
            raise ValueError(f"n_queries={self.recipe.n_queries} is above {_MOST_QUERIES:,}")
        if self.seed < 0:
            raise ValueError(f"seed={self.seed} is negative")
        if self.seed >= 1 << 63:
            raise ValueError(f"seed={self.seed} has more than 63 bits")

    def _check_indexes(self) -> None:
        if len(self.indexes) > MOST_INDEXES:
            raise ValueError(f"indexes has {len(self.indexes)} settings, above {MOST_INDEXES}")
        by_file: dict[str, str] = {}
        for name in self.indexes:
            same = by_file.setdefault(evidence_name("", name, ""), name)
            if same == name and self.indexes.count(name) > 1:
                raise ValueError(f"indexes={list(self.indexes)} names an index twice")
            if same != name:
                raise ValueError(f"indexes '{same}' and '{name}' have one name of evidence files")

    def _check_protocol(self) -> None:
        lengths_s = list(self.query_lengths_s)
        if lengths_s != sorted(set(lengths_s)) or min(lengths_s, default=1) <= 0:
            raise ValueError(f"query_lengths_s={lengths_s} are not positive and increasing")
        if not all(map(math.isfinite, lengths_s)):
            raise ValueError(f"query_lengths_s={lengths_s} are not finite")
        if max(lengths_s, default=0) > LONGEST_QUERY_S:
            raise ValueError(f"query_lengths_s={lengths_s} is above {LONGEST_QUERY_S:,}")
        if len(lengths_s) > MOST_LENGTHS:
            raise ValueError(f"query_lengths_s has {len(lengths_s)} lengths, above {MOST_LENGTHS}")
        if self.protocol is not None:
            find_protocol(self.protocol)
            default: dict[str, object] = {"beyond": (), "fits": 1}
            for name, value in default.items():
                if getattr(self, name) != value:
                    raise ValueError(f"{name} has no effect with protocol {self.protocol}")
            return
        for name in ("test_ids", "rules", "protocol_options"):
            if getattr(self, name) not in ((), None, "right", {}):
                raise ValueError(f"{name} has no effect without a protocol")

    def as_json(self) -> dict[str, Any]:
        """The config for the result: TOML types, without the folders of the user.

        ``folders_left_out`` lists the settings that name a file elsewhere than below the current
        folder, of which only the last part is recorded.
        """
        plain = dataclasses.asdict(self)
        del plain["recipe_given"]
        lengths = () if self.protocol else ("query_lengths_s",)
        for name in ("task", "name", "beyond", *lengths):
            if not plain[name]:  # results of before have no such field
                del plain[name]
        if self.fits == 1:
            del plain["fits"]
        if self.protocol is None:
            for name in _OF_PROTOCOLS:
                del plain[name]
        for name in ("weights", "generator_weights"):
            plain[name] = plain[name].name if plain[name] else None
        plain["recipe"] = recipe_to_json(self.recipe)
        recorded, left_out = record_settings(plain)
        return recorded | ({"folders_left_out": left_out} if left_out else {})

    def recorded(self) -> RecordedConfig:
        """The same as a result has it."""
        return convert(self.as_json(), RecordedConfig, "the config")


def read_config(
    path: Path | None,
    overrides: Mapping[str, Any],
    overrides_source: str = "the command line",
    *,
    of_task: Callable[[str], Mapping[str, Any]] | None = None,
) -> RunConfig:
    """Read settings from a TOML file or a result, overridden by arguments.

    The dtype ``auto`` is resolved here, so that results name the arithmetic behind them.

    Args:
        path: The TOML file, or a result (.json), whose config is used again; None means defaults.
            Relative paths of weights are relative to its folder.
        overrides: Arguments by field name; absent fields keep the value of the file.
        overrides_source: Source of the arguments, for messages.
        of_task: Gives the settings of a task by its name, which the file and the arguments
            override.

    Raises:
        FpbenchError: The file is neither TOML nor a result, or has an unknown field; a field does
            not take its value; or weights of a result are not beside it.
    """
    table = {} if path is None else _read_checked(path, overrides)
    task = overrides.get("task", table.get("task"))
    if task is not None and of_task is not None:
        table = _check_table(_typed_as_arguments(of_task(task)), f"task {task}") | table
    protocol = overrides.get("protocol", table.get("protocol"))
    if protocol is not None:
        table = protocol_settings(protocol) | table
    # Each option overrides only the same option of the file.
    file_options = table.get("fingerprinter_options", {})
    table |= overrides
    if isinstance(overrides.get("fingerprinter_options"), Mapping):
        table["fingerprinter_options"] = {**file_options, **overrides["fingerprinter_options"]}
    device: Device = convert(table.get("device", "cpu"), Device, overrides_source, where="device")
    dtype = convert(table.get("dtype", "float32"), WantedDtype, overrides_source, where="dtype")
    table["dtype"] = resolve_dtype(dtype, device)
    return convert(table, RunConfig, overrides_source)


def _read_checked(path: Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Read a file's settings and check them alone, so that later errors are in the arguments.

    Raises:
        FpbenchError: As :func:`read_config`.
    """
    source = str(path)
    table = _from_result(path, overrides) if path.suffix == ".json" else _read_toml(path)
    return _check_table(table, source)


def _check_table(table: dict[str, Any], source: str) -> dict[str, Any]:
    """The settings of one source, with its recipe as a dataclass; all of them are valid."""
    if "recipe_given" in table:
        raise FpbenchError(f"{source}: no field is called 'recipe_given'", hint="leave it out")
    if isinstance(table.get("recipe"), Mapping):
        table["recipe_given"] = frozenset(table["recipe"])
        table["recipe"] = recipe_from_json(table["recipe"], source, "recipe")
    if "dtype" in table:
        convert(table["dtype"], WantedDtype, source, where="dtype")
    if "indexes" in table:
        table["indexes"] = expand_indexes(table["indexes"], source)
    # "auto" is no dtype of a config.
    convert({name: table[name] for name in table if name != "dtype"}, RunConfig, source)
    return table


def expand_indexes(names: object, source: str) -> object:
    """Names of indexes, one for each setting; what is no list of names stays as it is.

    Raises:
        FpbenchError: As :func:`fpbench.plugin.index_names.expand_index`.
    """
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return names
    return tuple(one for name in names for one in expand_index(name, source))


def _read_toml(path: Path) -> dict[str, Any]:
    """A file's settings, with the types of command-line arguments.

    Raises:
        FpbenchError: The file cannot be read, or is not TOML.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check --config") from err
    except (ValueError, RecursionError) as err:  # of TOML, of UTF-8, or of a number
        raise FpbenchError(f"{path} is not TOML: {err}", hint="see https://toml.io") from err
    for name in ("weights", "generator_weights"):
        if isinstance(table.get(name), str):
            table[name] = path.parent / expand_path(table[name])
    return _typed_as_arguments(table)


def _typed_as_arguments(table: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of TOML with the types of arguments: no ``"track"``, and options as text."""
    whole_track = {"tolerance_s": None} if table.get("tolerance_s") == "track" else {}
    options = {name: option_texts(table[name]) for name in table if name.endswith("_options")}
    return {**table, **whole_track, **options}


def _from_result(path: Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a result, whose weights are named without a folder.

    Raises:
        FpbenchError: The file is no result, or a file whose folder it does not record is neither
            here nor beside it, and no argument replaces it.
    """
    result = read_document(path)
    generator = None if isinstance(result, FailedRun) else result.generator
    recorded = {
        "weights": result.fingerprinter.weights_sha256,
        "generator_weights": generator.weights_sha256 if generator else None,
    }
    table = {name: value for name, value in result.config.items() if value is not None}
    table = restore_settings(path, table, overrides)
    if "tolerance_s" in result.config:
        table["tolerance_s"] = result.config["tolerance_s"]  # None is the whole track
    for name, sha256 in recorded.items():
        given = table.pop(name, None)
        if given is None or overrides.get(name) is not None:
            continue
        file = path.parent / str(given)
        # A run that failed may not have come to read the generator's file.
        unread = isinstance(result, FailedRun) and sha256 is None
        if not file.is_file() or not (unread or file_sha256(file) == sha256):
            wrong = "differs from that of the run" if file.is_file() else "is not there"
            raise FpbenchError(
                f"{path} was made with the {name} '{given}'; {file} {wrong}",
                hint=f"give the file with --{name.replace('_', '-')}",
            )
        table[name] = file
    return table
