"""What a run is asked to do: one dataclass, from the command line and from TOML."""

import dataclasses
import math
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fpbench.audio.query_recipe import (
    NAFP,
    QueryRecipe,
    option_text,
    recipe_from_json,
    recipe_to_json,
)
from fpbench.errors import FpbenchError
from fpbench.plugin.devices import WantedDtype, resolve_dtype
from fpbench.plugin.entries import Dtype

Device = Literal["cpu", "cuda"]
Wanted = Literal["real", "synthetic", "both", "none"]
Options = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Everything that can change a run's numbers.

    Args:
        fingerprinter: A name, or ``plugin:...``.
        weights: A safetensors file; None means the fingerprinter's own.
        dataset: A name with its argument, such as ``folder:DIR``.
        distractors: Which kinds of distractors fill the database.
        generator: Makes the synthetic ones.
        generator_weights: A fitted generator; None fits one to the real distractors.
        sizes: Distractors at which the curve is read off, growing; empty means the defaults.
        indexes: Names, one at least; each gives curves of its own.
        tolerance_s: How far from the true time a match may be; None accepts the whole track.
            Curves for the whole track are in every result besides. TOML says ``"track"`` for None.
        recipe: How queries are drawn and degraded.
        seed: Of every draw.
        dtype: Of the networks' arithmetic.
        fingerprinter_options: As ``--set`` takes them; likewise the two below.
        index_options: By index name.

    Raises:
        ValueError: A number is out of its range, or there is no index.
    """

    fingerprinter: str = "nafp"
    weights: Path | None = None
    dataset: str = "demo"
    distractors: Wanted = "both"
    generator: str = "gaussian"
    generator_weights: Path | None = None
    sizes: tuple[int, ...] = ()
    indexes: tuple[str, ...] = ("exact",)
    tolerance_s: float | None = 0.25
    recipe: QueryRecipe = NAFP
    seed: int = 0
    device: Device = "cpu"
    dtype: Dtype = "float32"
    fingerprinter_options: Options = field(default_factory=dict)
    generator_options: Options = field(default_factory=dict)
    dataset_options: Options = field(default_factory=dict)
    index_options: Mapping[str, Options] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if list(self.sizes) != sorted(set(self.sizes)) or min(self.sizes, default=1) < 1:
            raise ValueError(f"sizes={list(self.sizes)} are not positive and growing")
        if not self.indexes:
            raise ValueError("indexes is empty")
        if not 0 <= (self.tolerance_s or 0.0) < math.inf:
            raise ValueError(f"tolerance_s={self.tolerance_s} is no time")
        if self.seed < 0:
            raise ValueError(f"seed={self.seed} is negative")

    def as_json(self) -> dict[str, Any]:
        """For the result: what TOML could hold, with file names but no folders."""
        plain = dataclasses.asdict(self)
        for name in ("weights", "generator_weights"):
            plain[name] = plain[name].name if plain[name] else None
        plain["recipe"] = recipe_to_json(self.recipe)
        return plain


def read_config(path: Path | None, typed: Mapping[str, Any]) -> RunConfig:
    """A TOML file's settings, overridden by those typed on the command line.

    The dtype ``auto`` is settled here, so that results say what they were computed in.

    Args:
        path: None means defaults. Relative files in it are relative to it.
        typed: Field name to value; what was not typed is absent.

    Raises:
        FpbenchError: Not TOML, an unknown field, or a value that a field cannot take.
    """
    table: dict[str, Any] = {}
    if path is not None:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as err:
            raise FpbenchError(
                f"cannot read {path}: {err.strerror}", hint="check --config"
            ) from err
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
            raise FpbenchError(f"{path} is not TOML: {err}", hint="see https://toml.io") from err
        for name in ("weights", "generator_weights"):
            if isinstance(table.get(name), str):
                table[name] = path.parent / table[name]
    if isinstance(table.get("recipe"), Mapping):
        table["recipe"] = recipe_from_json(table["recipe"])
    if table.get("tolerance_s") == "track":
        table["tolerance_s"] = None
    source = str(path or "the command line")
    # Settings typed one by one change those of the file one by one.
    earlier = table.get("fingerprinter_options", {})
    table |= typed
    if "fingerprinter_options" in typed and isinstance(earlier, Mapping):
        table["fingerprinter_options"] = {**earlier, **typed["fingerprinter_options"]}
    device: Device = _value(Device, table.get("device", "cpu"), source, "device")
    wanted: WantedDtype = _value(WantedDtype, table.get("dtype", "float32"), source, "dtype")
    table["dtype"] = resolve_dtype(wanted, device)
    config: RunConfig = _from_table(RunConfig, table, source, "")
    return config


def _from_table(kind: type[Any], table: Mapping[str, Any], source: str, where: str) -> Any:
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in hints:
            raise FpbenchError(
                f"{source}: no field is called '{where}{key}'",
                hint="fields: " + ", ".join(hints),
            )
    values = {key: _value(hints[key], value, source, where + key) for key, value in table.items()}
    try:
        return kind(**values)
    except ValueError as err:
        raise FpbenchError(f"{source}: {where or 'config'}: {err}", hint="correct it") from err


def _value(hint: Any, value: Any, source: str, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return _from_table(hint, value, source, f"{where}.")
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(
            _value(parts[0], item, source, f"{where}[{i}]") for i, item in enumerate(value)
        )
    if origin is Mapping and isinstance(value, Mapping):
        return {
            key: _value(parts[1], _typed(parts[1], item), source, f"{where}.{key}")
            for key, item in value.items()
        }
    if origin not in (tuple, Mapping) and _fits(hint, value):
        return float(value) if hint is float else value
    raise FpbenchError(
        f"{source}: field '{where}' cannot be {value!r}", hint=f"it takes {_words(hint)}"
    )


def _typed(hint: Any, value: Any) -> Any:
    """Options are text, but a number or a switch needs no quotes in TOML."""
    return option_text(value) if hint is str and isinstance(value, int | float) else value


def _fits(hint: Any, value: Any) -> bool:
    parts = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        return value in parts
    if parts:
        return any(_fits(part, value) for part in parts)
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint)


def _words(hint: Any) -> str:
    if typing.get_origin(hint) is tuple:
        return f"a list of {_words(typing.get_args(hint)[0])}, in brackets"
    if typing.get_origin(hint) is Mapping:
        return "a table"
    if typing.get_origin(hint) is Literal:
        return " or ".join(str(value) for value in typing.get_args(hint))
    return str(getattr(hint, "__name__", hint)).replace("|", "or")
