"""Fingerprinters that are Python objects: registered in the catalog under their class's name."""

import inspect
from collections.abc import Iterable
from contextlib import suppress
from types import ModuleType
from typing import cast

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder
from fpbench.fingerprints.embedding import fingerprint_tracks
from fpbench.fingerprints.probe import probe_signals
from fpbench.hashing import content_key, rows_digest
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Entry, Settings
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec
from fpbench.plugin.hooks import hookimpl
from fpbench.plugin.loading import Source
from fpbench.plugin.options import refuse_settings

OBJECT = "(object)"
"""Distribution name in the result of an object, which has no distribution."""


def register_object(thing: object, catalog: Catalog, store: Store) -> str:
    """Register a fingerprinter object in a catalog, as a plugin with one entry.

    The cache identifies a plugin by its files. An object has no files, so it is identified by a
    description: its fingerprints of a fixed signal, its spec, and its class's name and source, if
    the source is available. A file in the store holds this description.

    Returns:
        Name of the object's class, which is its name in the catalog.

    Raises:
        FpbenchError: The object is not a fingerprinter or breaks a rule, or its name exists
            already.
    """
    fingerprinter = _as_fingerprinter(thing)
    name = type(fingerprinter).__name__

    def create(settings: Settings) -> AnyFingerprinter:
        refuse_settings(settings, f"{name}, an object of this session,")
        return fingerprinter

    entry = Entry(name=name, summary="an object of this session", create=create)

    @hookimpl
    def fpbench_fingerprinters() -> Iterable[Entry[AnyFingerprinter]]:
        return [entry]

    module = ModuleType(f"fpbench_object_{name}")
    module.__file__ = _write_description(fingerprinter, store)
    module.fpbench_fingerprinters = fpbench_fingerprinters  # type: ignore[attr-defined]
    catalog.register(Source(plugin=OBJECT, distribution=OBJECT, version="-", module=module))
    return name


def _as_fingerprinter(thing: object) -> AnyFingerprinter:
    spec = getattr(thing, "spec", None)
    method = "fingerprint" if getattr(spec, "front_end", "segment") == "track" else "embed"
    if isinstance(thing, type):
        raise FpbenchError(
            f"fingerprinter is the class {thing.__name__}, not an object of it",
            hint=f"give {thing.__name__}(...)",
        )
    if not isinstance(spec, FingerprintSpec) or not callable(getattr(thing, method, None)):
        raise FpbenchError(
            f"fingerprinter is of type {type(thing).__name__}: it needs a spec and a method "
            f"{method}",
            hint=f"give a name, or an object with a FingerprintSpec called spec and a method "
            f"{method}",
        )
    return cast(AnyFingerprinter, thing)


def _write_description(fingerprinter: AnyFingerprinter, store: Store) -> str:
    """Write a file to the store that is different for different objects.

    Returns:
        Path of the file.
    """
    description = {
        "class": type(fingerprinter).__qualname__,
        "source": _source_texts(type(fingerprinter)),
        "spec": repr(fingerprinter.spec),
        "fingerprints": [
            [rows_digest(fingerprints.vectors), rows_digest(fingerprints.start_s)]
            for fingerprints in fingerprint_tracks(
                fingerprinter, type(fingerprinter).__name__, probe_signals(fingerprinter.spec)
            )
        ],
    }
    path = store.path("objects", content_key(**description), ".py")
    make_folder(path.parent)
    with atomic_file(path) as file:
        file.write(f"OBJECT = {description!r}\n".encode())
    return str(path)


def _source_texts(cls: type) -> list[str]:
    """Source of a class and its bases; in an interactive session, of methods if available."""
    return [text for base in cls.__mro__ for text in _own_source_texts(base)]


def _own_source_texts(cls: type) -> list[str]:
    methods = filter(inspect.isfunction, vars(cls).values())
    for parts in ([cls], methods):
        with suppress(OSError, TypeError):
            return [inspect.getsource(part) for part in parts]
    return []
