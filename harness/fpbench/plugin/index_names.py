"""Names of search indexes with settings: ``ivfpq:nprobe=5``, ``faiss:HNSW32:efSearch=64``."""

import re
from collections.abc import Mapping
from itertools import product

from fpbench.errors import FpbenchError
from fpbench.plugin.loading import PREFIX

_SETTING = re.compile(r"[A-Za-z_]\w*=")


def index_base(name: str) -> str:
    """The name without settings, by which plugins and ``index_options`` know the index."""
    return _split(name)[0]


def index_settings(name: str) -> dict[str, str]:
    """The settings in a name that :func:`expand_index` has made."""
    pairs = (part.partition("=") for part in _split(name)[1].split(",") if part)
    return {key: value for key, _, value in pairs}


def requested_options(index_options: Mapping[str, Mapping[str, str]], name: str) -> dict[str, str]:
    """The options of an index: those of its kind, and over them those in its own name."""
    return {**index_options.get(index_base(name), {}), **index_settings(name)}


def expand_index(name: str, source: str) -> list[str]:
    """The names of single settings: ``ivfpq:nprobe=5,20`` becomes two, every combination one.

    Args:
        name: ``NAME[:ARGUMENT][:KEY=VALUE[,VALUE...][,KEY=VALUE...]]``.
        source: Where it comes from, for messages.

    Raises:
        FpbenchError: A value is missing, or a key is there twice.
    """
    base, text = _split(name)
    if not text:
        return [name]
    values: dict[str, list[str]] = {}
    for part in text.split(","):
        if _SETTING.match(part):
            key, _, value = part.partition("=")
            if key in values:
                raise FpbenchError(
                    f"{source}: index '{name}' sets '{key}' twice",
                    hint=f"write all its values after one key: {key}=1,2",
                )
            values[key] = [value.strip()]
        else:
            values[next(reversed(values))].append(part.strip())
    for key, several in values.items():
        if "" in several:
            raise FpbenchError(
                f"{source}: index '{name}' has no value for '{key}'",
                hint=f"write {base}:{key}=VALUE, or several with commas",
            )
    keys = sorted(values)
    combinations = product(*(dict.fromkeys(values[key]) for key in keys))
    return [write_index(base, dict(zip(keys, one, strict=True))) for one in combinations]


def write_index(base: str, settings: Mapping[str, str]) -> str:
    """The name of an index with settings, in the order of their keys."""
    return ":".join([base, ",".join(f"{key}={settings[key]}" for key in sorted(settings))])


def _split(name: str) -> tuple[str, str]:
    """The name of the index and the text of its settings."""
    base, colon, settings = name.rpartition(":")
    if colon and base not in ("", PREFIX.removesuffix(":")) and _SETTING.match(settings):
        return base, settings
    return name, ""
