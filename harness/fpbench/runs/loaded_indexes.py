"""Loads the search indexes of a run, with their options."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from logging import getLogger

from fpbench.errors import FpbenchError
from fpbench.hashing import content_key
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.index_names import index_base, requested_options
from fpbench.plugin.source import code_identity
from fpbench.results.fields import DistractorKind
from fpbench.runs.config import RunConfig
from fpbench.runs.protocols.definitions import find_protocol
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.shared_contents import contents_key

logger = getLogger(__name__)


def load_indexes(
    config: RunConfig, kinds: Sequence[DistractorKind], catalog: Catalog, settings: Settings
) -> tuple[RunConfig, dict[DistractorKind, list[NamedIndex]]]:
    """Empty indexes for each kind of distractors, because one that grows is filled only once.

    Two names of one setting, such as ``ivfpq`` and ``ivfpq:nprobe=20``, are one index: the second
    is left out with a warning.

    Returns:
        The config with the indexes that are left, and the indexes.
    """

    def load(name: str) -> NamedIndex:
        return load_index(name, index_options(config, name), catalog, settings)

    kept: dict[tuple[str, str], NamedIndex] = {}
    for name in config.indexes:
        named = load(name)
        same = kept.setdefault((index_base(name), content_key(**named.parameters)), named)
        if same is not named:
            logger.warning("index '%s' is left out: it equals '%s'", name, same.name)
    first, *others = kinds
    names = tuple(named.name for named in kept.values())
    indexes = {first: list(kept.values())}
    indexes |= {kind: [load(name) for name in names] for kind in others}
    return replace(config, indexes=names), indexes


def index_options(config: RunConfig, name: str) -> Mapping[str, str]:
    """The options of an index: those of the run, and else those of its protocol."""
    own = requested_options(config.index_options, name)
    if config.protocol is None:
        return own
    of_protocol = find_protocol(config.protocol).index_options
    return {**of_protocol.get(index_base(name), {}), **own}


def load_index(
    name: str, options: Mapping[str, str], catalog: Catalog, settings: Settings
) -> NamedIndex:
    """An empty index with these options.

    Raises:
        FpbenchError: There is no such index or option, or the index breaks a rule.
    """
    base = index_base(name)
    offer, _ = catalog.offer("index", base)
    try:
        index = catalog.index(base, replace(settings, options=options))
    except FpbenchError as err:
        if base == name:
            raise
        raise FpbenchError(f"index '{name}': {err.message}", hint=err.hint) from err
    code = content_key(code=code_identity(offer.source.module, catalog.reads(index)))
    named = NamedIndex(
        name=name,
        plugin=offer.source.plugin,
        code=code,
        index=index,
        contents=contents_key(index, code),
    )
    named.check()
    return named
