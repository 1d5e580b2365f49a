"""Whether a document has the form and the hash that fpbench gives it."""

from collections.abc import Iterator, Mapping
from typing import Any

from fpbench.results.canonical import ID, canonical_bytes, hash_document
from fpbench.results.document import Result
from fpbench.results.failures import FailedRun
from fpbench.results.files import result_document
from fpbench.verification.problems import Problem, join_pointer
from fpbench.verification.submission import Submission


def find_form_problems(document: object, result: Result | FailedRun) -> Iterator[Problem]:
    """Problems of the form of a document; earlier formats have neither a hash nor one form.

    Args:
        document: As it was read from its file.
        result: The result in it.
    """
    if not isinstance(document, Mapping) or "result_format" not in document:
        return
    right = hash_document(document)
    if document.get(ID) != right:
        rule = f"the hash of the other fields is {right}"
        yield Problem(pointer=f"/{ID}", value=document.get(ID), rule=rule)
    written: Mapping[str, Any] = result_document(result)
    if written[ID] == right:  # so that all other fields are the same
        return
    for name in sorted(document.keys() | written.keys()):
        if name != ID and _bytes_of(document, name) != _bytes_of(written, name):
            rule = "fpbench writes it in another form: a field is left out while it has its default"
            value = document.get(name)
            yield Problem(pointer=join_pointer("", name), value=value, rule=rule)


def _bytes_of(document: Mapping[str, Any], name: str) -> bytes | None:
    return canonical_bytes(document[name]) if name in document else None


def check_derived(submission: Submission) -> Iterator[Problem]:
    """Blocks about the document itself and its maker agree with the rest."""
    result = submission.result
    known = result.environment.get("fpbench-audio", result.harness.version)
    if result.harness.version != known:
        rule = f"environment gives {known!r}"
        yield Problem(pointer="/harness/version", value=result.harness.version, rule=rule)
    if (result.harness.revision is None) != (result.harness.dirty is None):
        rule = "it is known if, and only if, the revision is"
        yield Problem(pointer="/harness/dirty", value=result.harness.dirty, rule=rule)
    superseded = result.provenance.supersedes if result.provenance else ()
    if len(set(superseded)) < len(superseded):
        rule = "each result is there once"
        yield Problem(pointer="/provenance/supersedes", value=list(superseded), rule=rule)
