"""Checks the types and the array shapes of every call into some packages, at a small cost.

jaxtyping binds the arguments of each call to the signature, and checks them twice, for its
messages, which takes longer than a run of a second itself. Here each call is checked once, and only
functions of arrays get a scope for the names of axes.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, get_args, get_type_hints

import beartype
import jaxtyping

_ORIGINAL = jaxtyping.jaxtyped
_CONF = beartype.BeartypeConf(violation_type=TypeError)  # as jaxtyping's own errors are


def check_calls(packages: Sequence[str]) -> None:
    """Check all calls into packages that are not imported yet."""
    jaxtyping.jaxtyped = _check
    jaxtyping.install_import_hook(packages, "beartype.beartype")


def _check(checked: Any = None, *, typechecker: Callable[..., Any]) -> Any:
    """What the hook decorates functions and classes with, in place of ``jaxtyped``."""
    if checked is None:
        return functools.partial(_check, typechecker=typechecker)
    if not inspect.isclass(checked):
        return _check_function(checked, typechecker)
    if dataclasses.is_dataclass(checked):
        checked.__init__ = _check_function(checked.__init__, typechecker)  # type: ignore[misc]
    return checked


def _check_function(
    function: Callable[..., Any], typechecker: Callable[..., Any]
) -> Callable[..., Any]:
    hints = {name: _resolve(hint, function) for name, hint in function.__annotations__.items()}
    of_arguments = any("{" in repr(hint) for hint in hints.values())  # such as "{rows}"
    if of_arguments or inspect.isgeneratorfunction(function):
        return _ORIGINAL(function, typechecker=typechecker)
    function.__annotations__ = hints
    checked = beartype.beartype(function, conf=_CONF)
    if not any(map(_holds_arrays, hints.values())):
        return checked

    @functools.wraps(function)
    def with_axes(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        with _ORIGINAL("context"):
            return checked(*arguments, **named)

    return with_axes


def _resolve(hint: Any, function: Callable[..., Any]) -> Any:
    """A type in place of its name; any type where the name is not known (yet)."""
    if hint is None or not _holds_names(hint):
        return hint

    def probe() -> None: ...

    probe.__annotations__ = {"hint": hint}
    try:
        return get_type_hints(probe, function.__globals__, include_extras=True)["hint"]
    except (AttributeError, NameError):  # a name for type checkers, or one that comes later
        return Any


def _holds_names(hint: Any) -> bool:
    return isinstance(hint, str) or "ForwardRef" in repr(hint) or "'" in repr(hint)


def _holds_arrays(hint: Any) -> bool:
    if isinstance(hint, list | tuple):
        return any(map(_holds_arrays, hint))
    if inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return _holds_arrays(get_args(hint))
