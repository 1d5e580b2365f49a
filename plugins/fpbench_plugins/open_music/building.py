"""Builds the set from the repositories in which its recordings are published."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path

from fpbench import BuildNeeds, FpbenchError, Report, Settings, apply_options
from fpbench.files import atomic_file, make_folder
from fpbench.hashing import file_sha256
from fpbench.units import count_label
from fpbench_plugins.open_music.built_files import (
    BuiltFile,
    read_built,
    write_built,
    write_manifest,
)
from fpbench_plugins.open_music.conversion import convert_source, distance_of, encode
from fpbench_plugins.open_music.listing import ListedFile, read_list
from fpbench_plugins.open_music.repositories import PartialClone, Source, refuse_missing_git
from fpbench_plugins.open_music.signatures import LARGEST_DISTANCE_DB

_WORK_BYTES = 1_000_000_000
"""One clone at a time: no repository has more than 500 MB, and Git may need it twice."""

_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildConfig:
    """Where the sources are.

    Args:
        mirror: URL before owner and name of each repository.
    """

    mirror: str = "https://github.com"


def open_builder(settings: Settings) -> "OpenMusicBuilder":
    """The builder of the whole set."""
    return OpenMusicBuilder(apply_options(BuildConfig(), settings.options), read_list())


class OpenMusicBuilder:
    """Implements :class:`fpbench.DatasetBuilder`.

    Args:
        config: Where the sources are.
        files: What is built, by path.
    """

    def __init__(self, config: BuildConfig, files: Mapping[str, ListedFile]) -> None:
        self._config = config
        self._files = files

    @property
    def needs(self) -> BuildNeeds:
        return BuildNeeds(
            files=len(self._files),
            size_bytes=sum(file.size_bytes for file in self._files.values()),
            work_bytes=_WORK_BYTES,
        )

    def build(self, folder: Path, report: Report) -> str:
        built = read_built(folder)
        wanted = [file for file in self._files.values() if not _is_there(folder, file, built)]
        if wanted:
            refuse_missing_git()
        done = len(self._files) - len(wanted)
        problems: list[str] = []
        for repository, files in _by_repository(wanted):
            report(done / len(self._files), f"fetching {repository}")
            for outcome in self._build_from(folder, repository, files):
                if isinstance(outcome, BuiltFile):
                    built[outcome.path] = outcome
                    write_built(folder, built)
                    done += 1
                else:
                    problems.append(outcome)
                report(done / len(self._files), f"{done} of {len(self._files)} files, {repository}")
        if wanted:  # the maintainers' folder has a manifest of its own
            write_manifest(folder, [_manifest_row(file) for file in self._files.values()])
        if problems:
            more = f"; and {len(problems) - _SHOWN_PROBLEMS} more" * (
                len(problems) > _SHOWN_PROBLEMS
            )
            raise FpbenchError(
                f"{len(self._files) - done} of {len(self._files)} files could not be built: "
                + "; ".join(problems[:_SHOWN_PROBLEMS])
                + more,
                hint="run the same command again, which makes what is missing; --mirror URL names "
                "another place with the same repositories",
            )
        return f"open-music:{folder}"

    def _build_from(
        self, folder: Path, repository: str, files: Sequence[ListedFile]
    ) -> Iterator[BuiltFile | str]:
        """Build the files of one repository; text says what could not be built, and why."""
        url = f"{self._config.mirror.rstrip('/')}/{repository}"
        clone = PartialClone(folder / ".sources" / repository.replace("/", "__"), url)
        try:
            commit = clone.fetch(files[0].commit)
            versions = {file.path: clone.versions(file.source, commit) for file in files}
            first = {path: next(found, None) for path, found in versions.items()}
            clone.fetch_files([source for source in first.values() if source is not None])
        except FpbenchError as err:
            yield f"{count_label(len(files), 'file')} of {repository}: {err.message}"
            return
        complete = True
        for file in files:
            newest = first[file.path]
            all_versions = chain([newest] if newest else [], versions[file.path])
            try:
                outcome = _build_file(folder, clone, file, all_versions)
            except FpbenchError as err:
                outcome = f"{_where(file)}: {err.message}"
            complete = complete and isinstance(outcome, BuiltFile)
            yield outcome
        if complete:
            clone.remove()


def _build_file(
    folder: Path, clone: PartialClone, file: ListedFile, versions: Iterable[Source]
) -> BuiltFile | str:
    """Build a file from the first version of its source that has the listed levels.

    Raises:
        FpbenchError: The history of the source cannot be searched, or the file not be written.
    """
    reasons: list[str] = []
    source = clone.folder / f"source{Path(file.source).suffix}"
    for version in versions:
        try:
            original = clone.read(version)
            source.write_bytes(original)
            content = encode(convert_source(source, file), file.kind)
        except FpbenchError as err:
            reasons.append(err.message)
            continue
        finally:
            source.unlink(missing_ok=True)
        distance_db = distance_of(content, file)
        digest = hashlib.sha256(original).hexdigest()
        if distance_db > LARGEST_DISTANCE_DB:
            reasons.append(
                f"blob {version.blob} (SHA-256 {digest}) is other audio: its levels differ by "
                f"{distance_db:.1f} dB, and {LARGEST_DISTANCE_DB} are allowed"
            )
            continue
        make_folder((folder / file.path).parent)
        with atomic_file(folder / file.path, durable=False) as target:
            target.write(content)
        return BuiltFile(
            path=file.path,
            sha256=hashlib.sha256(content).hexdigest(),
            source_commit=version.commit,
            source_sha256=digest,
            distance_db=f"{distance_db:.2f}",
        )
    return f"{_where(file)}: {'; '.join(reasons) or f'no commit up to {file.commit} has it'}"


def _where(file: ListedFile) -> str:
    return f"{file.path} from {file.repository}, {file.source}"


def _is_there(folder: Path, file: ListedFile, built: Mapping[str, BuiltFile]) -> bool:
    path = folder / file.path
    if not path.is_file():
        return False
    known = {file.sha256} | ({built[file.path].sha256} if file.path in built else set())
    return file_sha256(path) in known


def _by_repository(files: Sequence[ListedFile]) -> Iterator[tuple[str, list[ListedFile]]]:
    in_order = sorted(files, key=lambda file: (file.repository, file.source, file.path))
    for repository, some in groupby(in_order, key=lambda file: file.repository):
        yield repository, list(some)


def _manifest_row(file: ListedFile) -> dict[str, str]:
    return {
        "path": file.path,
        "kind": file.kind,
        "split": file.split,
        "source_repo": file.repository,
        "source_path": file.source,
        "licence": file.licence,
        "attribution": file.attribution,
    }
