"""Who submits a result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from msgspec import Meta

from fpbench.results.fields import Name, Sha256, Words

Relation = Literal["author", "independent", "maintainer"]

RELATIONS: Sequence[str] = get_args(Relation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who submits a result, as ``fpbench submit`` was told.

    Args:
        submitter: A name, such as that of an account on GitHub.
        relation: To the system: ``author`` of it, ``independent``, or ``maintainer`` of fpbench.
        supersedes: The field ``result_id`` of each earlier result that this one takes the place of.
        notes: What readers should know.
    """

    submitter: Name
    relation: Relation
    supersedes: Annotated[Sequence[Sha256], Meta(max_length=20)] = ()
    notes: Words = ""
