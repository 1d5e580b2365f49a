"""What the shards of a run were made with, so that no shard of another run is taken for one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from fpbench.conversion import convert
from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.files import write_json
from fpbench.hardware import cpu_model
from fpbench.hashing import code_key, content_key, rows_digest
from fpbench.json_documents import read_json
from fpbench.results.config import RecordedConfig
from fpbench.results.harness import describe_harness
from fpbench.runs.databases import list_databases
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import search_tasks
from fpbench.search.blocks import ReferenceRows
from fpbench.search.engines.shards import Shard
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import SearchTask

_SEARCHES = "fpbench.search.tasks"  # its code key is part of the keys of all searches


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardNote:
    """What decides the blocks of a shard. It lies beside them, such as ``3-of-16.json``.

    Args:
        version: Version of fpbench.
        code: Hash of its code for searches.
        config: Settings of the run.
        weights_sha256: Weights of the fingerprinter; None for its own.
        processor: Kind of processor, on which the last bits of scores may depend.
        finished: Whether all blocks of the shard are there.
        inputs: Hash of the queries and the reference; None while they are not known.
        generator_sha256: File of the first fit of the generator.
        searches: Keys of the searches by index, kind of distractors and length of queries, of the
            first fit.
        fingerprinter: Hash of the fingerprinter, of a shard of tracks.
    """

    version: str
    code: str
    config: RecordedConfig
    weights_sha256: str | None
    processor: str
    finished: bool = False
    inputs: str | None = None
    generator_sha256: str | None = None
    searches: Mapping[str, str] | None = None
    fingerprinter: str | None = None


def note_settings(prepared: PreparedRun) -> ShardNote:
    """The note of a run, as far as it is known before any long work."""
    return ShardNote(
        version=describe_harness().version,
        code=code_key(_SEARCHES),
        config=prepared.config.recorded(),
        weights_sha256=prepared.info.weights_sha256,
        processor=cpu_model(),
    )


def note_run(prepared: PreparedRun, inputs: Inputs, generator: FittedGenerator | None) -> ShardNote:
    """The note of a run that is ready to search."""
    reference = ReferenceRows(inputs.reference)
    rows = [rows_digest(chunk) for chunk in reference.rows(0, reference.rows_available)]
    tasks = [
        task
        for of_length in inputs.by_length()
        for database in list_databases(prepared.config, of_length, generator)
        for task in search_tasks(prepared, of_length, database)
    ]
    lengths = len(prepared.source.lengths)
    return replace(
        note_settings(prepared),
        inputs=content_key(queries=rows_digest(inputs.all_queries), reference=rows),
        generator_sha256=generator.info.weights_sha256 if generator else None,
        searches={_search_name(task, lengths=lengths): task.key for task in tasks},
    )


def _search_name(task: SearchTask, *, lengths: int) -> str:
    name = f"{task.named.name}, {task.database.kind}"
    return name if lengths == 1 else f"{name}, {task.inputs.query_info.length_s:g} s"


def note_path(folder: Path, shard: Shard) -> Path:
    """Where the note of a shard lies."""
    return folder / f"{shard.number}-of-{shard.of}.json"


def write_note(folder: Path, shard: Shard, note: ShardNote) -> None:
    """Write the note of a shard.

    Raises:
        FpbenchError: The folder cannot be written.
    """
    write_json(note_path(folder, shard), asdict(note))


def read_notes(folder: Path) -> dict[Shard, ShardNote]:
    """The notes of all shards in a folder, in their order; none if there is no folder.

    Raises:
        FpbenchError: A file is no note.
    """
    notes = {}
    for path in folder.glob("*-of-*.json"):
        shard = Shard.parse(path.stem.replace("-of-", "/"))
        notes[shard] = convert(read_json(path), ShardNote, str(path))
    return {shard: notes[shard] for shard in sorted(notes, key=lambda one: (one.of, one.number))}


def refuse_others(folder: Path, notes: Mapping[Shard, ShardNote], ours: ShardNote) -> None:
    """Refuse shards of another run.

    Args:
        folder: Folder of the shards.
        notes: Notes of the shards.
        ours: What is known of this run.

    Raises:
        FpbenchError: A shard was made with another fpbench, settings or weights; all are named.
    """
    errors = ErrorCollector()
    for shard, note in notes.items():
        difference = _find_difference(note, ours)
        if difference is not None:
            with errors.collect():
                raise FpbenchError(
                    f"shard {shard} in {note_path(folder, shard)} was made {difference}",
                    hint="run it again with this fpbench and the settings of this run, or remove "
                    f"{folder}",
                )
    errors.raise_all()


def _find_difference(note: ShardNote, ours: ShardNote) -> str | None:
    if (note.version, note.code) != (ours.version, ours.code):
        return (
            f"by fpbench {note.version} with code {note.code[:8]}, and this is {ours.version} with "
            f"code {ours.code[:8]}"
        )
    theirs, own = dict(note.config), dict(json.loads(json.dumps(ours.config)))
    for name in sorted({*theirs, *own}):
        if theirs.get(name) != own.get(name):
            return f"with {name}={theirs.get(name)!r}, and this run has {own.get(name)!r}"
    if note.weights_sha256 != ours.weights_sha256:
        return "with other weights of the fingerprinter"
    if note.fingerprinter != ours.fingerprinter:
        return "with other code of the fingerprinter"
    return None if ours.inputs is None else _find_other_inputs(note, ours)


def _find_other_inputs(note: ShardNote, ours: ShardNote) -> str | None:
    elsewhere = ""
    if note.processor != ours.processor:
        elsewhere = f", on a {note.processor}, and this is a {ours.processor}"
    if note.inputs != ours.inputs:
        return f"with other fingerprints of the queries or the reference{elsewhere}"
    if note.generator_sha256 != ours.generator_sha256:
        return f"with another fit of the generator{elsewhere}"
    return "with other code of a plugin" if note.searches != ours.searches else None


def unfinished(notes: Mapping[Shard, ShardNote]) -> Sequence[Shard]:
    """Shards that are not finished; none if all shards of some division are."""
    missing = [
        [
            shard
            for shard in (Shard(number, of) for number in range(1, of + 1))
            if shard not in notes or not notes[shard].finished
        ]
        for of in sorted({shard.of for shard in notes})
    ]
    return min(missing, key=len, default=[])
