"""Brings documents of earlier formats to today's, one step for each format.

A step is a function of the document alone. It takes any table, also one that breaks its format:
whoever reads the new document finds what is wrong with it.
"""

from collections.abc import Mapping
from typing import Any

from fpbench.conversion import field_types
from fpbench.results.config import RecordedConfig, RecordedRecipe
from fpbench.results.data import task_version
from fpbench.results.systems import bytes_per_hour

Document = Mapping[str, Any]

FROM_VERSION_1 = "version_1"
"""Key in ``extra`` of what version 1 recorded and today's format does not have."""


def migrate(document: Document) -> Document:
    """The document in today's format; as it is if it has that, or one that is not known."""
    # True equals 1, but is no version.
    if type(document.get("schema_version")) is int and document["schema_version"] == 1:
        return from_version_1(document)
    return document


def from_version_1(document: Document) -> Document:
    """From ``schema_version`` 1 to ``result_format`` 1.0.

    * The version of fpbench gets a block of its own, and stays in ``environment``.
    * Parameters of indexes were repeated in every curve.
    * A task says its version, and what data and queries it expects.
    * The size of fingerprints follows from dimension and hop.
    * Settings and fields of the recipe that today's format does not have go to ``extra``.
    """
    new = {name: part for name, part in document.items() if name != "schema_version"}
    new["result_format"] = "1.0"
    released = _table(document, "environment").get("fpbench-audio", "unknown")
    new["harness"] = {"version": released}
    new["fingerprinter"] = _with_size(document.get("fingerprinter"))
    new["indexes"], new["curves"] = _separate_indexes(document)
    if isinstance(document.get("task"), Mapping):
        new["task"] = _describe_task(document)
    left_over = _move_unknown(new)
    if left_over:
        new["extra"] = {FROM_VERSION_1: left_over}
    return new


def _table(document: Document, name: str) -> Document:
    part = document.get(name)
    return part if isinstance(part, Mapping) else {}


def _with_size(fingerprinter: object) -> object:
    if not isinstance(fingerprinter, Mapping):
        return fingerprinter
    size, dim, hop_s = 1.0, fingerprinter.get("dim"), fingerprinter.get("hop_s")
    if isinstance(dim, int) and isinstance(hop_s, int | float) and hop_s > 0:
        size = bytes_per_hour(dim, hop_s)
    return {**fingerprinter, "bytes_per_hour": size}


def _separate_indexes(document: Document) -> tuple[list[Document], object]:
    """The indexes, and the curves without their parameters.

    Curves of one search have equal parameters. If they do not, the index is listed with each.
    """
    curves = document.get("curves")
    if not isinstance(curves, list):
        return [], curves
    indexes: list[Document] = []
    options = _table(_table(document, "config"), "index_options")
    for curve in curves:
        if not isinstance(curve, Mapping):
            continue
        name = curve.get("index")
        index = {
            "name": name,
            "distractors": curve.get("distractors"),
            "requested": options.get(name, {}) if isinstance(name, str) else {},
            "effective": curve.get("index_parameters"),
        }
        if index not in indexes:
            indexes.append(index)
    rest = [
        {name: part for name, part in curve.items() if name != "index_parameters"}
        if isinstance(curve, Mapping)
        else curve
        for curve in curves
    ]
    return indexes, rest


def _describe_task(document: Document) -> Document:
    task = document["task"]
    return {
        **task,
        "version": task_version(str(task.get("name"))),
        "data": _table(document, "data").get("content"),
        "queries": _table(document, "queries").get("content"),
    }


def _move_unknown(document: dict[str, Any]) -> dict[str, Any]:
    """Take settings that today's format does not have out of a document.

    Returns:
        What was taken out, by its place.
    """
    taken: dict[str, Any] = {}
    for block, inner, kind in (
        ("config", "recipe", RecordedRecipe),
        ("config", None, RecordedConfig),
        ("queries", "recipe", RecordedRecipe),
    ):
        outer = document.get(block)
        table = outer if inner is None or not isinstance(outer, Mapping) else outer.get(inner)
        if not isinstance(outer, Mapping) or not isinstance(table, Mapping):
            continue
        known = {name: part for name, part in table.items() if name in field_types(kind)}
        where = block if inner is None else f"{block}.{inner}"
        taken |= {f"{where}.{name}": table[name] for name in table if name not in known}
        document[block] = known if inner is None else {**outer, inner: known}
    return taken
