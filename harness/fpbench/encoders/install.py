"""Installs weights: fetches an official file, holds it to its hash, imports it."""

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
    """A weights file in a folder."""

    path: Path
    info: WeightsInfo


def published_file(layout: Checkpoint, name: str | None) -> PublishedFile:
    """The official file of that name, or the first.

    Raises:
        FpbenchError: The authors publish none, or none of that name.
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
        f"'{layout.fingerprinter}' has no published weights '{name}'", hint=f"there are: {names}"
    )


def installed_path(folder: Path, layout: Checkpoint, file: PublishedFile) -> Path:
    """Where a published file is installed."""
    return folder / f"{layout.fingerprinter}-{file.name}{SUFFIX}"


def fetch(layout: Checkpoint, file: PublishedFile, folder: Path) -> Iterator[DownloadProgress]:
    """Download a published file, check it, and install it at :func:`installed_path`.

    Where the publisher gives no hash, that of the first download is kept beside the weights, and
    later downloads must have it.

    Raises:
        FpbenchError: The download fails, or it is another file, or no fitting checkpoint.
    """
    make_folder(folder)
    target = installed_path(folder, layout, file)
    archive = folder / f".{target.stem}-{PurePosixPath(urlsplit(file.url).path).name}"
    pin = target.with_suffix(f".{_PIN_ALGORITHM}")
    yield from download(file.url, archive)
    try:
        pinned = pin.read_text(encoding="utf-8").strip() if pin.is_file() else None
        expected = file.digest or pinned
        found = hash_of(archive, expected or f"{_PIN_ALGORITHM}:")
        if expected is not None and found != expected:
            whose = "its publisher gives" if file.digest else f"it had at first ({pin.name})"
            raise FpbenchError(
                f"{file.url} has {found}, not {expected}, which {whose}",
                hint="fetch it again; if it stays so, ask the publisher whether the file changed",
            )
        tensors, info = import_checkpoint(layout, archive, member=file.member, origin=file.url)
        write_weights(target, tensors, info)
        if file.digest is None and pinned is None:
            pin.write_text(found + "\n", encoding="utf-8")
    finally:
        archive.unlink()


def list_installed(folder: Path) -> list[InstalledWeights]:
    """All weights files of a folder, sorted by name."""
    return [InstalledWeights(path, read_info(path)) for path in sorted(folder.glob(f"*{SUFFIX}"))]
