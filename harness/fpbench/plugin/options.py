"""``--set KEY=VALUE`` onto a plugin's config dataclass, and what a plugin does not take."""

import dataclasses
import typing
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from fpbench.errors import FpbenchError
from fpbench.plugin.entries import Settings


@runtime_checkable
class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


Config = TypeVar("Config", bound=_Dataclass)

_UNIONS = (UnionType, typing.Union)  # ``X | None`` is the latter where X is a Literal
_LISTS = ((int, ...), (float, ...))
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def apply_options(config: Config, options: Mapping[str, str]) -> Config:
    """A copy of ``config`` with some fields replaced by parsed text.

    Fields of type bool, int, float, str, ``Literal``, ``X | None``, ``tuple[int, ...]`` and
    ``tuple[float, ...]`` can be set; others are the plugin's own business and are not listed.

    Raises:
        FpbenchError: A key that the config does not have, or a value its field cannot take.
    """
    settable = _settable(type(config))
    changes: dict[str, object] = {}
    for key, text in options.items():
        if key not in settable:
            close = get_close_matches(key, settable, n=1)
            wanted = f"did you mean '{close[0]}'? " if close else ""
            raise FpbenchError(
                f"no setting is called '{key}'",
                hint=wanted + "settings: " + ", ".join(_list_options(config, settable)),
            )
        try:
            changes[key] = _parse(settable[key], text)
        except ValueError as err:
            raise FpbenchError(
                f"setting '{key}' cannot be '{text}'", hint=f"it takes {_describe(settable[key])}"
            ) from err
    try:
        return dataclasses.replace(config, **changes)
    except ValueError as err:
        raise FpbenchError(
            f"these settings cannot be: {err}",
            hint="change what was set, or leave it out for its default",
        ) from err


def refuse_weights(settings: Settings, name: str) -> None:
    """For plugins without weights: ``--weights`` would change nothing.

    Raises:
        FpbenchError: They are given; names the plugin part ``name``.
    """
    if settings.weights is not None:
        raise FpbenchError(f"{name} has no weights to load", hint="leave --weights out")


def refuse_settings(settings: Settings, name: str) -> None:
    """For plugins without weights and options: ``--weights`` and ``--set`` would change nothing.

    Raises:
        FpbenchError: One of them is given; names the plugin part ``name``.
    """
    refuse_weights(settings, name)
    if settings.options:
        key = next(iter(settings.options))
        raise FpbenchError(f"no setting is called '{key}'", hint=f"{name} takes none")


def refuse_settings_but(applying: Collection[str], options: Mapping[str, str], what: str) -> None:
    """Refuse settings that exist but cannot change what was made before, such as a fit's.

    Args:
        applying: Keys that still do something.
        options: What was set.
        what: What was made, for the message.

    Raises:
        FpbenchError: Names the first other key.
    """
    for key in options:
        if key not in applying:
            raise FpbenchError(
                f"setting '{key}' cannot change {what}, which is made already",
                hint="leave it out; what can be set is " + (", ".join(applying) or "nothing"),
            )


def _settable(config_type: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(config_type)
    return {
        f.name: hints[f.name]
        for f in dataclasses.fields(config_type)
        if f.init and _is_simple(hints[f.name])
    }


def _is_simple(kind: Any) -> bool:
    if typing.get_origin(kind) in _UNIONS:
        return all(_is_simple(part) for part in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return typing.get_args(kind) in _LISTS
    return typing.get_origin(kind) is Literal or kind in (bool, int, float, str, type(None))


def _parse(kind: Any, text: str) -> object:
    if typing.get_origin(kind) in _UNIONS:
        parts = typing.get_args(kind)
        if type(None) in parts and text.lower() == "none":
            return None
        return _parse(next(part for part in parts if part is not type(None)), text)
    if typing.get_origin(kind) is Literal:
        for value in typing.get_args(kind):
            if text == str(value):
                return value
        raise ValueError(text)
    if typing.get_origin(kind) is tuple:
        return tuple(typing.get_args(kind)[0](part) for part in text.split(","))
    if kind is bool:
        if text.lower() not in _BOOLEANS:
            raise ValueError(text)
        return _BOOLEANS[text.lower()]
    return kind(text)


def _describe(kind: Any) -> str:
    if typing.get_origin(kind) in _UNIONS:
        return " or ".join(_describe(part) for part in typing.get_args(kind))
    if typing.get_origin(kind) is Literal:
        return " or ".join(str(value) for value in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return _describe(typing.get_args(kind)[0]) + ", or several with commas between them"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return names.get(kind, "none")


def _list_options(config: object, settable: Mapping[str, Any]) -> list[str]:
    return [f"{key}={_text(getattr(config, key))}" for key in settable]


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
