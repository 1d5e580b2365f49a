"""Finds a checkpoint by its prefix, or in a file, a folder or an archive."""

import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal

from fpbench.errors import FpbenchError

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


@contextmanager
def find_checkpoint(path: Path, form: Format, member: str | None) -> Iterator[Path]:
    """Find the prefix of a TensorFlow checkpoint, or the path of a torch file.

    A checkpoint in an archive is unpacked to a temporary folder for the ``with`` block.

    Args:
        path: Prefix, file, folder or archive.
        form: Format of the checkpoint.
        member: End of the path of the checkpoint to use, if there are several.

    Raises:
        FpbenchError: There is no checkpoint or several, or the archive is damaged or malicious.
    """
    if path.is_file() and path.name.endswith(_ARCHIVES):
        with tempfile.TemporaryDirectory(prefix="fpbench-") as folder:
            _unpack(path, Path(folder), _NEEDED[form])
            yield _find_only(Path(folder), path, form, member)
    elif path.is_dir():
        yield _find_only(path, path, form, member)
    elif form == "tensorflow":
        prefix = path.with_name(path.name.removesuffix(".index"))
        if not prefix.with_name(prefix.name + ".index").is_file():
            raise _not_found_error(path, form)
        yield prefix
    elif path.is_file():
        yield path
    else:
        raise _not_found_error(path, form)


def _find_only(folder: Path, source: Path, form: Format, member: str | None) -> Path:
    if form == "tensorflow":
        files = [file.with_suffix("") for file in sorted(folder.rglob("*.index"))]
    else:
        files = [
            file
            for file in sorted(folder.rglob("*"))
            if file.is_file() and _NEEDED[form].fullmatch(file.name)
        ]
    if member is not None:
        files = [file for file in files if f"/{file.as_posix()}".endswith(f"/{member}")]
    latest = [file for file in files if _is_latest(file)]
    if len(files) > 1 and len(latest) == 1 and len({file.parent for file in files}) == 1:
        return latest[0]
    if not files:
        raise _not_found_error(source, form, member)
    if len(files) > 1:
        names = ", ".join(str(file.relative_to(folder)) for file in files)
        raise FpbenchError(
            f"{source} holds {len(files)} checkpoints: {names}", hint="choose one with --member"
        )
    return files[0]


def _is_latest(prefix: Path) -> bool:
    """Whether TensorFlow's text file beside the checkpoints names this checkpoint as the latest."""
    state = prefix.with_name("checkpoint")
    if not state.is_file():
        return False
    match = _LATEST.search(state.read_text(encoding="utf-8", errors="replace"))
    return match is not None and PurePosixPath(match["prefix"]).name == prefix.name


def _not_found_error(path: Path, form: Format, member: str | None = None) -> FpbenchError:
    name = f"{path}, member '{member}'," if member else f"{path}"
    return FpbenchError(
        f"{name} is not {_DESCRIPTIONS[form]}, nor a folder or archive that holds one",
        hint=f"check the path; archives are {' '.join(_ARCHIVES)}",
    )


# ---------------------------------------------------------------- archives


def _unpack(archive: Path, folder: Path, needed: re.Pattern[str]) -> None:
    """Extract regular files whose names match; ignore links, devices and all other files.

    Both libraries keep all files inside ``folder``, whatever the names in the archive.
    """
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as zip_file:
                names = (item.filename for item in zip_file.infolist() if not item.is_dir())
                for name in names:
                    if _matches(name, needed):
                        zip_file.extract(name, folder)
        else:
            if not hasattr(tarfile, "data_filter"):
                raise FpbenchError(
                    "this Python cannot unpack tar archives safely",
                    hint=f"use Python 3.11.4 or newer, or unpack {archive.name} by hand",
                )
            with tarfile.open(archive) as tar_file:
                entries = (entry for entry in tar_file if entry.isreg())
                members = [entry for entry in entries if _matches(entry.name, needed)]
                tar_file.extractall(folder, members, filter="data")
    except tarfile.OutsideDestinationError as err:
        raise FpbenchError(
            f"{archive} would write outside its folder: {err}",
            hint="do not trust this file",
        ) from err
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError) as err:
        raise FpbenchError(
            f"{archive} is truncated or damaged: {err}", hint="fetch or copy it again"
        ) from err
    except (OSError, RuntimeError, NotImplementedError) as err:
        raise FpbenchError(f"cannot unpack {archive}: {err}", hint="unpack it by hand") from err


def _matches(name: str, needed: re.Pattern[str]) -> bool:
    return needed.fullmatch(PurePosixPath(name).name) is not None
