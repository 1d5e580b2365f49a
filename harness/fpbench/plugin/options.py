"""Options of plugins: ``--set KEY=VALUE`` for a config dataclass, and refusal of unused options."""

import dataclasses
import re
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from fpbench.conversion import (
    describe,
    described_fields,
    field_types,
    parse_text,
    suggest,
    union_members,
)
from fpbench.errors import FpbenchError
from fpbench.plugin.blame import PassesBlame, blame
from fpbench.plugin.entries import Settings


@runtime_checkable
class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


Config = TypeVar("Config", bound=_Dataclass)

_SCALARS = (bool, int, float, str, type(None))
_UNITS = {"s": "s", "ms": "ms", "hz": "Hz", "khz": "kHz", "db": "dB", "kbps": "kbit/s"}
_LISTS = (tuple[int, ...], tuple[float, ...])


def apply_options(config: Config, options: Mapping[str, str]) -> Config:
    """A copy of ``config`` with some fields replaced by parsed text.

    Fields of type bool, int, float, str, ``Literal``, ``X | None``, ``tuple[int, ...]`` and
    ``tuple[float, ...]`` can be set; other fields cannot, and are not listed.

    Raises:
        FpbenchError: The config does not have a key, or a field cannot take its value.
    """
    if isinstance(options, _Question):
        raise _Answer(config)
    settable = _settable(type(config))
    changes: dict[str, object] = {}
    for key, text in options.items():
        if key not in settable:
            known = ", ".join(f"{name}={_as_typed(getattr(config, name))}" for name in settable)
            raise FpbenchError(
                f"no setting is called '{key}'", hint=f"{suggest(key, settable)}settings: {known}"
            )
        try:
            changes[key] = parse_text(text, settable[key])
        except ValueError as err:
            raise FpbenchError(
                f"setting '{key}' cannot be '{text}'",
                hint=f"it takes {describe(settable[key], typed=True)}",
            ) from err
    try:
        return dataclasses.replace(config, **changes)
    except ValueError as err:
        raise FpbenchError(
            f"these settings are not possible: {err}",
            hint="change these settings, or leave them out to use the defaults",
        ) from err


def refuse_weights(settings: Settings, name: str) -> None:
    """Refuse ``--weights``, for plugins without weights.

    Raises:
        FpbenchError: Weights are given; the message names the plugin part ``name``.
    """
    if settings.weights is not None:
        raise FpbenchError(f"{name} has no weights to load", hint="leave --weights out")


def require_weights(settings: Settings) -> Path:
    """The file of ``--weights``, for plugins without weights of their own.

    Its format is the plugin's choice: a checkpoint of PyTorch, safetensors, or anything else. The
    cache and results identify it by its hash.

    Raises:
        FpbenchError: No weights are given.
    """
    if settings.weights is None:
        raise FpbenchError(
            "this fingerprinter needs weights, and none are given",
            hint="give the file of its weights with --weights",
        )
    return settings.weights


def refuse_settings(settings: Settings, name: str) -> None:
    """Refuse ``--weights`` and ``--set``, for plugins without weights and options.

    Raises:
        FpbenchError: Weights or options are given; the message names the plugin part ``name``.
    """
    if isinstance(settings.options, _Question):
        raise _Answer(None)
    refuse_weights(settings, name)
    if settings.options:
        key = next(iter(settings.options))
        raise FpbenchError(f"no setting is called '{key}'", hint=f"{name} takes none")


def refuse_settings_but(applying: Collection[str], options: Mapping[str, str], what: str) -> None:
    """Refuse options that have no effect any more, such as options of a fit for a fitted generator.

    Args:
        applying: Keys that still have an effect.
        options: The given options.
        what: The finished object, for the message.

    Raises:
        FpbenchError: Another key is given; the message names the first.
    """
    for key in options:
        if key not in applying:
            raise FpbenchError(
                f"setting '{key}' cannot change {what}, which exists already",
                hint="leave it out; settings that apply: " + (", ".join(applying) or "none"),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One option of a plugin part, in words.

    Args:
        name: Key for ``--set``.
        default: Default value, as text for ``--set``.
        takes: The values that it takes.
        unit: Unit of the value, from the end of the name; empty if it has none.
        meaning: Description from the docstring of the config; may be empty.
    """

    name: str
    default: str
    takes: str
    unit: str
    meaning: str


def list_settings(
    create: Callable[[Settings], object], argument: str | None
) -> list[Setting] | None:
    """The options that a plugin part takes. It is not created.

    ``create`` is called, but ends where it hands its config to :func:`apply_options`.

    Args:
        create: Function of an entry that creates the part.
        argument: Any argument for a part that needs one.

    Returns:
        The options; empty for a part without any, None if it accepts them in another way.
    """
    settings = Settings(options=_Question(), argument=argument)
    try:
        with blame("its plugin", "listing its settings"):
            create(settings)
    except _Answer as answer:
        return [] if answer.config is None else _describe_settings(answer.config)
    except FpbenchError:  # it needs something else first
        return None
    return None


class _Question(dict[str, str]):
    """Empty options, for which :func:`apply_options` gives the config instead of a copy."""


class _Answer(PassesBlame):
    """Ends a ``create``. It is no error, so a plugin or :func:`blame` does not catch it."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config


def _describe_settings(config: Any) -> list[Setting]:
    meanings = described_fields(type(config).__doc__ or "")
    return [
        Setting(
            name=name,
            default=_as_typed(getattr(config, name)),
            takes=describe(kind, typed=True),
            unit=_UNITS.get(name.rpartition("_")[2], "") if "_" in name else "",
            meaning=_plain(meanings.get(name, "")),
        )
        for name, kind in _settable(type(config)).items()
    ]


def _settable(kind: Any) -> dict[str, Any]:
    """The fields that text can set, and their types."""
    in_init = {field.name for field in dataclasses.fields(kind) if field.init}
    return {
        name: field_type
        for name, field_type in field_types(kind).items()
        if name in in_init and all(_is_simple(member) for member, _ in union_members(field_type))
    }


def _is_simple(kind: Any) -> bool:
    return kind in _SCALARS or kind in _LISTS or typing.get_origin(kind) is Literal


def _as_typed(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _plain(text: str) -> str:
    """Text of a docstring without the markup of code and cross-references."""
    return re.sub(r":\w+:`~?([^`]*)`", r"\1", text.replace("``", "`"))
