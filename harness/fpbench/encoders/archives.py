"""Finds a checkpoint by its prefix, or in a file, a folder or an archive."""

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal, NoReturn, cast

from fpbench.errors import FpbenchError
from fpbench.files import temporary_folder
from fpbench.stand_ins import refuse_stand_in

Format = Literal["tensorflow", "torch"]

_ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2", ".zip")
_NEEDED = {
    "tensorflow": re.compile(r".*\.index|.*\.data-\d{5}-of-\d{5}|checkpoint"),
    "torch": re.compile(r".*\.(pth|pt|ckpt)"),
}
_LATEST = re.compile(r'^model_checkpoint_path:\s*"(?P<prefix>.+)"', re.MULTILINE)
_DESCRIPTIONS = {
    "tensorflow": "a TensorFlow checkpoint (PREFIX.index and PREFIX.data-...)",
    "torch": "a torch file (.pth, .pt or .ckpt)",
}
_STATE_BYTES = 1 << 20  # TensorFlow's text file of the names of checkpoints
_PIECE_BYTES = 1 << 20
_MAX_HEADER_BYTES = 16 << 20
_MAX_RATIO = 200
"""Weights are almost random: a genuine archive of them is not much smaller than its contents."""


@contextmanager
def find_checkpoint(
    path: Path, form: Format, member: str | None, limit_bytes: int
) -> Iterator[Path]:
    """Find the prefix of a TensorFlow checkpoint, or the path of a torch file.

    A checkpoint in an archive is unpacked to a temporary folder for the ``with`` block.

    Args:
        path: Prefix, file, folder or archive.
        form: Format of the checkpoint.
        member: End of the path of the checkpoint to use, if there are several.
        limit_bytes: Largest size of a checkpoint; what is larger is not unpacked.

    Raises:
        FpbenchError: There is no checkpoint or several, it is too large, or the archive is damaged.
    """
    if path.is_file():
        refuse_stand_in(path)
    if path.is_file() and path.name.endswith(_ARCHIVES):
        with temporary_folder() as folder:
            yield _unpack(path, folder, form, member, limit_bytes)
    elif path.is_dir():
        files = {
            file.relative_to(path).as_posix(): file
            for file in sorted(path.rglob("*"))
            if file.is_file()
        }
        name = _choose(files, path, form, member, lambda name: _read_start(files[name]))
        yield path / name
    elif form == "tensorflow":
        prefix = path.with_name(path.name.removesuffix(".index"))
        if not prefix.with_name(prefix.name + ".index").is_file():
            raise _not_found_error(path, form)
        yield prefix
    elif path.is_file():
        yield path
    else:
        raise _not_found_error(path, form)


def _choose(
    names: Iterable[str],
    source: Path,
    form: Format,
    member: str | None,
    read_start: Callable[[str], bytes],
) -> str:
    """The only checkpoint among files, or the one that is chosen: its prefix or its name.

    Args:
        names: Paths below the folder or in the archive.
        read_start: Reads the first bytes of a file.
    """
    needed = {name for name in names if _NEEDED[form].fullmatch(PurePosixPath(name).name)}
    if form == "tensorflow":
        found = sorted(name.removesuffix(".index") for name in needed if name.endswith(".index"))
    else:
        found = sorted(needed)
    if member is not None:
        root = f"/{source.as_posix()}" if source.is_dir() else ""
        found = [name for name in found if f"{root}/{name}".endswith(f"/{member}")]
    folders = {name.rpartition("/")[0] for name in found}
    if len(found) > 1 and len(folders) == 1:
        state = f"{folders.pop()}/checkpoint".removeprefix("/")
        latest = _latest(read_start(state)) if state in needed else None
        found = [name for name in found if PurePosixPath(name).name == latest] or found
    if not found:
        raise _not_found_error(source, form, member)
    if len(found) > 1:
        raise FpbenchError(
            f"{source} holds {len(found)} checkpoints: {', '.join(found)}",
            hint="choose one with --member",
        )
    return found[0]


def _latest(state: bytes) -> str | None:
    """Name of the latest checkpoint, according to TensorFlow's text file beside them."""
    match = _LATEST.search(state.decode("utf-8", errors="replace"))
    return PurePosixPath(match["prefix"]).name if match else None


def _read_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_STATE_BYTES)


def _not_found_error(path: Path, form: Format, member: str | None = None) -> FpbenchError:
    name = f"{path}, member '{member}'," if member else f"{path}"
    return FpbenchError(
        f"{name} is not {_DESCRIPTIONS[form]}, nor a folder or archive that holds one",
        hint=f"check the path; archives are {' '.join(_ARCHIVES)}",
    )


# ---------------------------------------------------------------- archives


class _LimitError(Exception):
    """An archive is larger than it may be."""


def _unpack(
    archive: Path, folder: Path, form: Format, member: str | None, limit_bytes: int
) -> Path:
    """Unpack one checkpoint to a folder; no other file, and no link.

    Names in the archive only serve to choose: the files are written under their last part.
    """
    try:
        with ExitStack() as stack:
            files = _entries(archive, stack, limit_bytes)

            def read_start(name: str) -> bytes:
                with files[name].open() as stream:
                    return stream.read(_STATE_BYTES)

            chosen = _choose(files, archive, form, member, read_start)
            parts = [name for name in files if _belongs(name, chosen, form)]
            size = sum(files[name].size_bytes for name in parts)
            if size > limit_bytes:
                raise _LimitError(f"'{chosen}' in it has {size} bytes")
            for name in parts:
                with files[name].open() as stream:
                    _copy(stream, folder / PurePosixPath(name).name, files[name].size_bytes)
    except _LimitError as err:
        raise FpbenchError(
            f"{archive} is not unpacked: {err}, and a checkpoint of this fingerprinter has less "
            f"than {limit_bytes}",
            hint="do not trust this file; or unpack it by hand and import the checkpoint itself",
        ) from err
    except (OSError, RuntimeError, NotImplementedError) as err:
        raise FpbenchError(f"cannot unpack {archive}: {err}", hint="unpack it by hand") from err
    except _DAMAGE as err:
        raise FpbenchError(
            f"{archive} is truncated or damaged: {err}", hint="fetch or copy it again"
        ) from err
    return folder / PurePosixPath(chosen).name


def _belongs(name: str, chosen: str, form: Format) -> bool:
    if form == "torch":
        return name == chosen
    rest = name.removeprefix(chosen)
    return rest != name and re.fullmatch(r"\.index|\.data-\d{5}-of-\d{5}", rest) is not None


def _copy(stream: io.BufferedIOBase, target: Path, size_bytes: int) -> None:
    """Write the rest of a stream, which must not be longer than it claimed."""
    with target.open("xb") as file:
        while piece := stream.read(_PIECE_BYTES):
            size_bytes -= len(piece)
            if size_bytes < 0:
                raise ValueError(f"{target.name} is longer than its entry says")
            file.write(piece)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A regular file in an archive."""

    size_bytes: int
    open: Callable[[], io.BufferedIOBase]


def _entries(archive: Path, stack: ExitStack, limit_bytes: int) -> Mapping[str, _Entry]:
    """Regular files by name; of several with one name the last."""
    if archive.name.endswith(".zip"):
        zip_file = stack.enter_context(zipfile.ZipFile(archive))
        return {
            item.filename: _Entry(item.file_size, partial(_open_in_zip, zip_file, item))
            for item in zip_file.infolist()
            if not item.is_dir()
        }
    file = stack.enter_context(archive.open("rb"))
    limit = limit_bytes + _MAX_HEADER_BYTES + _MAX_RATIO * archive.stat().st_size
    stream = _LimitedStream(_decompress(file), limit)
    tar_file = stack.enter_context(tarfile.TarFile(fileobj=stream))
    return {
        item.name: _Entry(item.size, partial(_open_in_tar, tar_file, item))
        for item in tar_file
        if item.isreg()
    }


def _open_in_zip(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> io.BufferedIOBase:
    return cast(io.BufferedIOBase, archive.open(item))


def _open_in_tar(archive: tarfile.TarFile, item: tarfile.TarInfo) -> io.BufferedIOBase:
    stream = archive.extractfile(item)
    if stream is None:
        raise ValueError(f"{item.name} has no contents")
    return cast(io.BufferedIOBase, stream)


def _decompress(file: io.BufferedReader) -> io.BufferedIOBase:
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(file)
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.open(file)
    if start.startswith(b"BZh"):
        return bz2.open(file)
    return file


class _LimitedStream(io.RawIOBase):
    """Bytes of an archive, which end in an error at a position that no genuine one reaches."""

    def __init__(self, stream: io.BufferedIOBase, limit_bytes: int) -> None:
        self._stream = stream
        self._limit_bytes = limit_bytes

    def read(self, size: int = -1, /) -> bytes:
        # Only headers are read at once, and they are short.
        if not 0 <= size <= _MAX_HEADER_BYTES or self._stream.tell() + size > self._limit_bytes:
            self._refuse()
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence != io.SEEK_SET or offset > self._limit_bytes:
            self._refuse()
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def _refuse(self) -> NoReturn:
        raise _LimitError(f"it has more than {self._limit_bytes} bytes unpacked")


_DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, struct.error),
    *(EOFError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError),
)
