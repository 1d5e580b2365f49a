"""Fits a generator to fingerprints, and writes it to a file with its record."""

import shutil
from pathlib import Path

import numpy as np
from jaxtyping import Int64

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
from fpbench.plugin.generators import FingerprintGenerator, GeneratorMethod, TrackMethod
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


def fit_method(
    method: GeneratorMethod,
    name: str,
    fingerprints: Vectors,
    stretches: Int64[np.ndarray, " rows"] | None,
    *,
    seed: int,
    work_dir: Path,
    report: Report,
) -> FingerprintGenerator:
    """Fit a generator, with the tracks of the fingerprints if it draws tracks.

    Args:
        method: Method of the generator.
        name: Its name in errors.
        fingerprints: Real fingerprints.
        stretches: Number of the stretch of each, see :func:`fpbench.stretches.number_stretches`;
            None if it is unknown where tracks end.

    Raises:
        FpbenchError: The generator draws tracks, but those of the fingerprints are unknown.
    """
    if not isinstance(method, TrackMethod):
        return method.fit(fingerprints, seed=seed, work_dir=work_dir, report=report)
    if stretches is None:
        raise FpbenchError(
            f"generator '{name}' learns from tracks, but the fingerprints do not say where tracks "
            "end",
            hint="give a .npz file of `fpbench extract`, or a dataset with a table of tracks",
        )
    return method.fit_tracks(fingerprints, stretches, seed=seed, work_dir=work_dir, report=report)


def fit_generator(
    name: str,
    real: Vectors,
    out: Path,
    *,
    source: Path,
    stretches: Int64[np.ndarray, " rows"] | None = None,
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
        stretches: Number of the stretch of each fingerprint; None if tracks are unknown.
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
        generator = fit_method(
            method, name, real, stretches, seed=settings.seed, work_dir=work_dir, report=report
        )
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


def fit_baseline(
    name: str,
    real: Vectors,
    stretches: Int64[np.ndarray, " rows"] | None = None,
    *,
    catalog: Catalog,
    seed: int,
) -> FingerprintGenerator:
    """Fit a generator with its default options, without writing a file.

    Args:
        stretches: Number of the stretch of each fingerprint; None if tracks are unknown.

    Raises:
        FpbenchError: The generator does not exist, or fails.
    """
    method = catalog.generator(name, Settings())
    plugin = catalog.offer("generator", name)[0].source.plugin
    with temporary_folder() as work_dir, blame(plugin, f"fitting '{name}'"):
        return fit_method(
            method,
            name,
            real,
            stretches,
            seed=seed,
            work_dir=work_dir,
            report=lambda done, words: None,
        )
