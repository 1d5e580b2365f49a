"""Installs weights: downloads an official file, checks its hash and imports it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.encoders.downloads import DownloadProgress, download, hash_of
from fpbench.encoders.weights import SUFFIX, WeightsInfo, read_info, write_weights
from fpbench.errors import FpbenchError
from fpbench.files import make_folder
from fpbench.plugin.checkpoints import Checkpoint, PublishedFile

_PIN_ALGORITHM = "sha256"


@dataclass(frozen=True, slots=True)
class InstalledWeights:
    """An installed weights file."""

    path: Path
    info: WeightsInfo


def published_file(layout: Checkpoint, name: str | None) -> PublishedFile:
    """The official file with a name, or the first one if ``name`` is None.

    Raises:
        FpbenchError: The authors publish no file, or none of that name.
    """
    if not layout.published:
        raise FpbenchError(
            f"no weights of '{layout.fingerprinter}' are published",
            hint=layout.unpublished_hint or "import a checkpoint with `fpbench weights import`",
        )
    if name is None:
        return layout.published[0]
    for file in layout.published:
        if file.name == name:
            return file
    names = ", ".join(file.name for file in layout.published)
    raise FpbenchError(
        f"'{layout.fingerprinter}' has no published weights '{name}'",
        hint=f"choose one of: {names}",
    )


def installed_path(folder: Path, layout: Checkpoint, file: PublishedFile) -> Path:
    """Path of the installed weights of a published file."""
    return folder / f"{layout.fingerprinter}-{file.name}{SUFFIX}"


def fetch(layout: Checkpoint, file: PublishedFile, folder: Path) -> Iterator[DownloadProgress]:
    """Download a published file, check it, and install it at :func:`installed_path`.

    If the publisher gives no hash, the hash of the first download is stored beside the weights, and
    later downloads must match it.

    Raises:
        FpbenchError: The download fails, the file has another hash, or its checkpoint does not fit.
    """
    make_folder(folder)
    target = installed_path(folder, layout, file)
    archive = folder / f".{target.stem}-{PurePosixPath(urlsplit(file.url).path).name}"
    pin = target.with_suffix(f".{_PIN_ALGORITHM}")
    yield from download(file.url, archive)
    try:
        pinned = pin.read_text(encoding="utf-8").strip() if pin.is_file() else None
        expected = file.digest or pinned
        actual = hash_of(archive, expected or f"{_PIN_ALGORITHM}:")
        if expected is not None and actual != expected:
            origin = "from the publisher" if file.digest else f"of the first download ({pin.name})"
            raise FpbenchError(
                f"{file.url} has the hash {actual}, not {expected} {origin}",
                hint="fetch it again; if this repeats, ask the publisher whether it has changed",
            )
        tensors, info = import_checkpoint(layout, archive, member=file.member, origin=file.url)
        write_weights(target, tensors, info)
        if file.digest is None and pinned is None:
            pin.write_text(actual + "\n", encoding="utf-8")
    finally:
        archive.unlink()


def list_installed(folder: Path) -> list[InstalledWeights]:
    """All installed weights in a folder, sorted by name."""
    return [InstalledWeights(path, read_info(path)) for path in sorted(folder.glob(f"*{SUFFIX}"))]
