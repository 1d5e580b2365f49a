"""Draws synthetic fingerprints with workers, which are sent the file of the generator."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from fpbench.cache import Store
from fpbench.generators.files import load_generator, read_name
from fpbench.hashing import content_key
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.devices import resolve_dtype
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import TrackGenerator
from fpbench.plugin.source import code_identity
from fpbench.runs.drawn_chunks import DrawnChunk, GeneratorFile, row_chunks, track_chunks
from fpbench.search.distractors import CHUNK
from fpbench.search.engines.orders import OpenedWork, Order, Workers
from fpbench.search.engines.parts import SentFile

_CHUNKS = 4
"""Chunks of an order: 20 MB at 128 dims, of which a few per worker wait for those before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDrawing:
    """Implements :class:`fpbench.search.engines.orders.SentWork`: drawing of rows.

    Args:
        file: The fitted generator.
        name: Name of the generator.
        settings: Settings that it is loaded with.
        tracks: Whether to draw whole tracks.
        identity: Hash of its code.
    """

    code_of: ClassVar[str] = "fpbench.search.distractors"

    file: SentFile
    name: str
    settings: Settings
    tracks: bool
    identity: Mapping[str, str]

    def open(self, store: Store | None, device: str | None) -> OpenedWork:
        device = device or self.settings.device
        resolve_dtype(self.settings.dtype, device)  # refuses a machine without the device
        catalog, settings = Catalog.load(), replace(self.settings, device=device)
        path = self.file.place(store or Store.open(), "generators")
        generator = load_generator(path, catalog, settings, self.name)
        title = self.file.path.name

        def carry_out(part: tuple[int, int]) -> list[DrawnChunk]:
            if self.tracks and isinstance(generator, TrackGenerator):
                return list(track_chunks(generator, title, settings.seed, part))
            return list(row_chunks(generator, title, settings.seed, device, part))

        return OpenedWork(_identity(self.name, catalog), carry_out)


def draw_with_workers(
    workers: Workers, generator: GeneratorFile, rows: tuple[int, int], *, tracks: bool
) -> Iterator[DrawnChunk]:
    """Some chunks, in their order, as :mod:`fpbench.runs.drawn_chunks` draws them here.

    Args:
        workers: They draw some chunks at a time.
        generator: The fitted generator.
        rows: Number of the first row, which is a multiple of ``CHUNK``, and that after the last.
        tracks: Whether to draw whole tracks.

    Raises:
        FpbenchError: The file cannot be read, or as for :meth:`Workers.carry_out`.
    """
    name = generator.name or read_name(generator.path)
    if name is None:
        raise ValueError(f"{generator.path} was loaded without a name")
    sent = SentDrawing(
        file=SentFile.read(generator.path),
        name=name,
        settings=generator.settings,
        tracks=tracks,
        identity=_identity(name, generator.catalog),
    )
    start, stop = rows
    firsts = range(start, stop, _CHUNKS * CHUNK)
    parts = [(first, min(first + _CHUNKS * CHUNK, stop)) for first in firsts]
    orders = [Order(part, part[1] - part[0]) for part in parts]
    for _, drawn in workers.carry_out(sent, orders, in_order=True):
        yield from drawn


def _identity(name: str, catalog: Catalog) -> dict[str, str]:
    offer, _ = catalog.offer("generator", name)
    code = content_key(**code_identity(offer.source.module, {}))
    return {f"generator '{offer.entry.name}'": code}
