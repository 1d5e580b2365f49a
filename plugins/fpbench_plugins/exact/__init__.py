"""Exhaustive search for the k largest inner products, without approximation."""

from collections.abc import Iterable

from fpbench import BlockIndex, Entry, Settings, hookimpl


@hookimpl
def fpbench_indexes() -> Iterable[Entry[BlockIndex]]:
    return [
        Entry(
            name="exact",
            summary="exhaustive search in float32; bfloat16 pre-selection changes no result",
            create=create,
        )
    ]


def create(settings: Settings) -> BlockIndex:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench import apply_options
    from fpbench.plugin.devices import has_bfloat16
    from fpbench_plugins.exact.index import ExactConfig, ExactIndex

    # The user's dtype does not matter here: the results are the same, byte for byte.
    fast = has_bfloat16(settings.device)
    config = apply_options(ExactConfig(sieve="bfloat16" if fast else "float32"), settings.options)
    return ExactIndex(config, settings.device)
