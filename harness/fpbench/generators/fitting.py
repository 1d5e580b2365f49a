"""Fits a generator to fingerprints, and writes it to a file with its record."""

import shutil
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.files import (
    make_folder,
    refuse_to_replace,
    refuse_unwritable,
    remove_stale,
    temporary_folder,
)
from fpbench.generators.files import (
    FitRecord,
    read_history,
    record_path,
    save_generator,
    write_record,
)
from fpbench.generators.provenance import (
    Provenance,
    read_provenance,
    refuse_other_system,
    rows_sha256,
)
from fpbench.hashing import file_sha256
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.plugin.systems import SystemIdentity
from fpbench.progress import Report

SUFFIX = ".safetensors"


def refuse_generator_out(out: Path) -> None:
    """Refuse an output file whose suffix is wrong, or whose record would replace another file.

    Raises:
        FpbenchError: The name does not end in ``.safetensors``, or another kind of JSON file has
            the record's name, or the file cannot be written.
    """
    if out.suffix != SUFFIX:
        raise FpbenchError(f"'{out}' cannot hold a generator", hint=f"end its name in {SUFFIX}")
    refuse_to_replace(
        record_path(out), "the record of this fit", keys={"generator_sha256"}, option="--out"
    )
    refuse_unwritable(out, "--out")


def fit_generator(
    name: str,
    real: Vectors,
    out: Path,
    *,
    source: Path,
    system: SystemIdentity | None = None,
    catalog: Catalog,
    settings: Settings,
    report: Report,
) -> FitRecord:
    """Fit a generator, and write it and its record.

    After an interruption, the same call continues from the folder ``<out>.work``, and writes the
    same bytes as without the interruption.

    Args:
        name: Name of the generator.
        real: Real fingerprints, finite; may be a memory map far larger than memory.
        out: Output file (.safetensors); the record is written beside it as JSON.
        source: The file that ``real`` was read from, for the record.
        system: The fingerprinter of ``real``; None if unknown.
        settings: Device, dtype, options and seed.

    Raises:
        FpbenchError: The generator does not exist or fails, it also learns from a generator of
            another system, or ``out`` would replace another kind of file.
    """
    refuse_generator_out(out)
    method = catalog.generator(name, settings)
    for file in method.learns_from:
        refuse_other_system(
            f"generator '{file}'",
            read_provenance(file),
            system,
            hint=f"fit '{name}' with a generator of the same fingerprinter",
        )
    plugin = catalog.offer("generator", name)[0].source.plugin
    work_dir = make_folder(out.with_name(out.name + ".work"))
    with blame(plugin, f"fitting '{name}'"):
        generator = method.fit(real, seed=settings.seed, work_dir=work_dir, report=report)
    # The record and the curves of an older fit are not left beside the new generator.
    if record_path(out).exists():
        remove_stale(out.with_suffix(".png"), record_path(out))
    with blame(plugin, f"saving '{name}'"):
        provenance = Provenance(system=system, rows=len(real), rows_sha256=rows_sha256(real))
        save_generator(generator, out, provenance)
    record = FitRecord(
        generator=name,
        settings=settings.options,
        seed=settings.seed,
        device=settings.device,
        dtype=catalog.settings_for("generator", name, settings).dtype,
        fingerprints=source.name,
        fingerprints_sha256=file_sha256(source),
        system=str(system) if system else None,
        rows=real.shape[0],
        dim=real.shape[1],
        generator_sha256=file_sha256(out),
        history=read_history(out),
    )
    write_record(record, out)
    shutil.rmtree(work_dir)
    return record


def fit_baseline(name: str, real: Vectors, *, catalog: Catalog, seed: int) -> FingerprintGenerator:
    """Fit a generator with its default options, without writing a file.

    Raises:
        FpbenchError: The generator does not exist, or fails.
    """
    method = catalog.generator(name, Settings())
    plugin = catalog.offer("generator", name)[0].source.plugin
    with temporary_folder() as work_dir, blame(plugin, f"fitting '{name}'"):
        return method.fit(real, seed=seed, work_dir=work_dir, report=lambda done, words: None)
