"""Options that several commands share: each is defined once and means the same everywhere."""

import functools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import Channel
from fpbench.plugin.devices import WANTED_DTYPES, resolve_dtype, select_device
from fpbench.plugin.entries import Settings
from fpbench.units import parse_whole
from fpbench.user_paths import expand_path

Decorator = Callable[[Callable[..., None]], Callable[..., None]]

WEIGHTS_HELP = (
    "File of weights: .safetensors for the systems of fpbench. A plugin may take another format, "
    "such as a .pt checkpoint of PyTorch."
)


class WholeNumber(click.IntRange):
    """A whole number within limits, such as 1000, 1e3 or 1k."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = parse_whole(str(value))
        except ValueError:
            self.fail(f"'{value}' is not a whole number, such as 1000, 1e3 or 1k.", param, ctx)
        within: int = super().convert(number, param, ctx)
        return within


class FiniteNumber(click.FloatRange):
    """A number within limits, not NaN and not infinite, which comparisons with limits let pass."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"'{value}' is not a finite number.", param, ctx)
        return number


class DeviceChoice(click.Choice[str]):
    """``cpu``, ``cuda``, or one GPU by its number, as :func:`select_device` takes it."""

    def __init__(self) -> None:
        super().__init__(["cpu", "cuda"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "[cpu|cuda|cuda:N]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if re.fullmatch("cuda:[0-9]+", str(value)):
            try:
                value = select_device(value)
            except FpbenchError as err:
                self.fail(f"{err.message}; {err.hint}", param, ctx)
        return super().convert(value, param, ctx)


def device_option(*, in_config: bool = False) -> Decorator:
    """``--device``."""
    return _option(
        "--device",
        type=DeviceChoice(),
        default="cpu",
        in_config=in_config,
        help="Device for the networks; cuda is every visible GPU, cuda:1 the second of them.",
    )


def dtype_option(*, in_config: bool = False) -> Decorator:
    """``--dtype``."""
    return _option(
        "--dtype",
        type=click.Choice(WANTED_DTYPES),
        default="float32",
        in_config=in_config,
        help="Floating-point type of the networks' arithmetic; fingerprints are always float32. "
        "auto: bfloat16 on a processor that supports it, else float32.",
    )


def channel_option(*, in_config: bool = False) -> Decorator:
    """``--channel``."""
    return _option(
        "--channel",
        type=click.Choice(get_args(Channel)),
        default="mean",
        in_config=in_config,
        help="Signal that is taken of recordings with several channels; loudest is the one with "
        "the most energy.",
    )


def seed_option(*, in_config: bool = False) -> Decorator:
    """``--seed``."""
    return _option(
        "--seed",
        type=WholeNumber(0),
        default=0,
        in_config=in_config,
        help="Seed of every random draw, including fresh weights.",
    )


def weights_option(text: str) -> Decorator:
    """``--weights``, a file that exists."""
    return click.option(
        "--weights",
        type=UserPath(dir_okay=False),
        metavar="FILE",
        help=text,
    )


def set_option(text: str) -> Decorator:
    """``--set``, passed as ``pairs`` for :func:`parse_key_values`."""
    return click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=text)


class UserPath(click.Path):
    """A path as :func:`fpbench.user_paths.expand_path` takes it."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        # What may not be read is an error of the command, which names the others, too.
        super().__init__(path_type=Path, file_okay=file_okay, dir_okay=dir_okay, readable=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(expand_path(value), param, ctx)


class _Folder(UserPath):
    """A folder with a name: an empty one would be the working directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the name is empty", param, ctx)
        return super().convert(value, param, ctx)


def cache_option() -> Decorator:
    """``--cache``."""
    return click.option(
        "--cache",
        type=_Folder(file_okay=False),
        metavar="FOLDER",
        help="Cache folder for fingerprints and search results.  "
        "[default: $FPBENCH_CACHE or the user's cache folder]",
    )


def out_option(text: str, *, metavar: str = "FILE", required: bool = True) -> Decorator:
    """``-o`` and ``--out``: the file to write."""
    return click.option(
        "-o",
        "--out",
        type=UserPath(dir_okay=False),
        metavar=metavar,
        required=required,
        help=text,
    )


def plugin_settings(*, of: str, weights: str | None = None) -> Decorator:
    """``--set --device --dtype --seed``, passed as one argument ``settings``.

    Args:
        of: Help text of ``--set``.
        weights: Help text of ``--weights``; None leaves the option out.
    """

    def add_options(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_settings(
            *args: Any, pairs: tuple[str, ...], device: str, dtype: Any, seed: int, **options: Any
        ) -> None:
            settings = Settings(
                device=device,
                dtype=resolve_dtype(dtype, device),
                weights=options.pop("weights", None),
                options=parse_key_values(pairs),
                seed=seed,
            )
            command(*args, settings=settings, **options)

        shared = [set_option(of), device_option(), dtype_option(), seed_option()]
        with_options: Callable[..., None] = with_settings
        for add in [*reversed(shared), *([weights_option(weights)] if weights else [])]:
            with_options = add(with_options)
        return with_options

    return add_options


def parse_key_values(pairs: tuple[str, ...], option: str = "--set") -> dict[str, str]:
    """Split ``KEY=VALUE`` texts of an option that may be repeated.

    Raises:
        FpbenchError: A text has no equals sign or no key, or a key occurs twice.
    """
    options: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            missing = "key" if equals else "value"
            raise FpbenchError(
                f"{option} '{pair}' is not KEY=VALUE: it has no {missing}",
                hint=f"write {option} KEY=VALUE",
            )
        if key in options:
            raise FpbenchError(f"{option} {key} is given twice", hint="give each key once")
        options[key] = value
    return options


def _option(*names: str, default: Any, in_config: bool, help: str, **more: Any) -> Decorator:
    """An option with a default; with ``in_config`` it is None if absent, as a file may set it."""
    if in_config:
        return click.option(*names, default=None, help=f"{help}  [default: {default}]", **more)
    return click.option(*names, default=default, show_default=True, help=help, **more)
