"""The options that say how to load a fingerprinter, for every command that loads one."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fpbench.errors import FpbenchError
from fpbench.plugin.devices import WANTED_DTYPES, resolve_dtype
from fpbench.plugin.entries import Settings

dtype_option = click.option(
    "--dtype",
    type=click.Choice(WANTED_DTYPES),
    default="float32",
    show_default=True,
    help="Of the network's arithmetic; vectors are float32 always. auto: bfloat16 on a processor "
    "that has it, else float32.",
)


def fingerprinter_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--weights --set --device --dtype --seed``, handed over as one ``settings``."""

    @click.option(
        "--weights", type=click.Path(path_type=Path), metavar="FILE", help="A safetensors file."
    )
    @click.option(
        "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A setting of its config."
    )
    @click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
    @dtype_option
    @click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of fresh weights."
    )
    @functools.wraps(command)
    def with_settings(
        *args: Any, weights: Path | None, pairs: tuple[str, ...], device: str, **options: Any
    ) -> None:
        settings = Settings(
            device=device,
            dtype=resolve_dtype(options.pop("dtype"), device),
            weights=weights,
            options=parse_key_values(pairs),
            seed=options.pop("seed"),
        )
        command(*args, settings=settings, **options)

    return with_settings


def parse_key_values(pairs: tuple[str, ...]) -> dict[str, str]:
    """Split ``KEY=VALUE`` texts.

    Raises:
        FpbenchError: One has no equals sign, or a key comes twice.
    """
    options: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            missing = "key" if equals else "value"
            raise FpbenchError(
                f"--set '{pair}' is not KEY=VALUE: it has no {missing}",
                hint="write --set KEY=VALUE",
            )
        if key in options:
            raise FpbenchError(f"--set {key} is given twice", hint="give each key once")
        options[key] = value
    return options
