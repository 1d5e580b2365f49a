"""Exhaustive search: the k largest inner products, with nothing approximated."""

from collections.abc import Iterable

from fpbench import BlockIndex, Entry, Settings, hookimpl


@hookimpl
def fpbench_indexes() -> Iterable[Entry[BlockIndex]]:
    return [
        Entry(
            name="exact",
            summary="every inner product, in float32; bfloat16 only sieves and changes no answer",
            create=create,
        )
    ]


def create(settings: Settings) -> BlockIndex:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench import apply_options
    from fpbench.plugin.devices import has_bfloat16
    from fpbench_plugins.exact.index import ExactConfig, ExactIndex

    # Whatever dtype was asked for: the answer is the same, byte for byte.
    fast = has_bfloat16(settings.device)
    config = apply_options(ExactConfig(sieve="bfloat16" if fast else "float32"), settings.options)
    return ExactIndex(config, settings.device)
