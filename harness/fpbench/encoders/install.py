"""Installs weights: downloads an official file, checks its hash and imports it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from fpbench.encoders.checkpoints import import_checkpoint, size_limit
from fpbench.encoders.downloads import DownloadProgress, download, hash_of, is_digest
from fpbench.encoders.weights import SUFFIX, WeightsInfo, read_info, write_weights
from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.files import atomic_file, make_folder
from fpbench.hashing import content_key
from fpbench.locks import hold_lock
from fpbench.plugin.checkpoints import Checkpoint, PublishedFile

_PIN_ALGORITHM = "sha256"

# An archive can hold several checkpoints, and those of other systems.
_MOST_CHECKPOINTS = 8
_OTHER_BYTES = 2 << 30


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


def fetch(
    layout: Checkpoint,
    file: PublishedFile,
    folder: Path,
    *,
    mirror: str | None = None,
    sha256: str | None = None,
) -> Iterator[DownloadProgress]:
    """Download a published file, check it, and install it at :func:`installed_path`.

    If the publisher gives no hash, the hash of the first download from there is stored beside the
    weights, and later downloads must match it.

    Args:
        mirror: Another address of the file. Its hash must be known.
        sha256: Hash of the file that the user expects, in hexadecimal.

    Raises:
        FpbenchError: The download fails, the file has another hash, its hash is not known, its
            checkpoint does not fit, or another process is fetching the same file.
    """
    target = installed_path(folder, layout, file)
    expected = _expected_digests(layout, file, target, sha256)
    if mirror is not None and not expected:
        raise FpbenchError(
            f"the hash of '{layout.fingerprinter}-{file.name}' is not known, so a file from "
            f"{mirror} cannot be checked",
            hint="give the hash of the official file with --sha256",
        )
    make_folder(folder)
    busy = FpbenchError(
        f"another process is fetching {target.name}", hint="wait until it has finished"
    )
    with hold_lock(folder / f".{target.stem}.lock", busy):
        yield from _fetch_locked(layout, file, target, mirror or file.url, expected)


def _fetch_locked(
    layout: Checkpoint,
    file: PublishedFile,
    target: Path,
    url: str,
    expected: Mapping[str, str],
) -> Iterator[DownloadProgress]:
    # A part from one address is not the start of a file from another.
    name = f"{content_key(url=url)[:8]}-{PurePosixPath(urlsplit(file.url).path).name}"
    archive = target.with_name(f".{target.stem}-{name}")
    max_bytes = _MOST_CHECKPOINTS * size_limit(layout) + _OTHER_BYTES
    yield from download(url, archive, max_bytes=max_bytes)
    try:
        for origin, digest in expected.items():
            actual = hash_of(archive, digest)
            if actual != digest:
                raise FpbenchError(
                    f"{url} has the hash {actual}, not {digest} {origin}",
                    hint="fetch it again; if this repeats, ask the publisher about a new version",
                )
        actual = hash_of(archive, f"{_PIN_ALGORITHM}:")
        tensors, info = import_checkpoint(layout, archive, member=file.member, origin=url)
        # The pin is first, so that there are no weights that the next download may replace.
        if file.digest is None and url == file.url:
            with atomic_file(_pin_path(target)) as pin:
                pin.write(f"{actual}\n".encode())
        write_weights(target, tensors, info)
    finally:
        archive.unlink(missing_ok=True)


def _expected_digests(
    layout: Checkpoint, file: PublishedFile, target: Path, sha256: str | None
) -> dict[str, str]:
    """All known hashes of a file, each with where it is from."""
    digests = {}
    if sha256 is not None:
        digests["given with --sha256"] = f"sha256:{sha256.lower().removeprefix('sha256:')}"
    if file.digest is not None:
        digests["from the publisher"] = file.digest
    pin = _pin_path(target)
    if file.digest is None and pin.exists():
        digests[f"of the first download ({pin.name})"] = _read_pin(pin)
    for origin, digest in digests.items():
        if not is_digest(digest):
            raise FpbenchError(
                f"'{digest}' {origin} is not a hash of '{layout.fingerprinter}-{file.name}'",
                hint="a SHA-256 has 64 hexadecimal digits",
            )
    return digests


def _pin_path(target: Path) -> Path:
    return target.with_suffix(f".{_PIN_ALGORITHM}")


def _read_pin(pin: Path) -> str:
    try:
        text = pin.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        text = ""
    if not is_digest(text):
        raise FpbenchError(
            f"{pin} is damaged: it holds no hash",
            hint="remove it; then the next download is the first one",
        )
    return text


def list_installed(folder: Path, errors: ErrorCollector) -> list[InstalledWeights]:
    """All installed weights in a folder, sorted by name.

    Args:
        errors: Takes the errors of damaged files, which are left out.
    """
    installed = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with errors.collect():
            installed.append(InstalledWeights(path, read_info(path)))
    return installed
