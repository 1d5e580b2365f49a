"""Turns errors of FAISS into errors that name the index, its settings and what was tried."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from fpbench import FpbenchError

# FAISS begins with a C++ signature and the path of a source file where it was built.
_PLACE = re.compile(r"^Error in .*? at \S+:\d+: ", re.DOTALL)
_CONDITION = re.compile(r"^Error: '(.*?)' failed(?:: *(.*))?$", re.DOTALL)

_ADVICE = {
    "bad_alloc": "choose smaller --sizes, or an index that compresses, such as ivfpq",
    "training points": "give it more distractors, or choose fewer lists or bits",
    "graph smaller": "give it more distractors, or choose another coarse quantiser",
    "incremental addition": "choose a graph that can grow from size to size, such as HNSW32",
    "number of subquantizers": "choose a number of parts that divides the dims",
    "could not parse": "write a string that FAISS's index_factory knows, such as IVF256,PQ16",
    "stoi": "choose smaller numbers in the factory string",
    "cannot output": "choose at most as many dims as the fingerprints have",
}
_OTHER_ADVICE = "choose another index, or change [index_options] in the --config file"
_REASONS = {"bad_alloc": "there is not enough memory", "stoi": "a number in it is too large"}


@contextmanager
def translate_faiss_errors(settings: object, step: str) -> Iterator[None]:
    """Turn any error of FAISS into one for the user.

    Args:
        settings: Settings of the index, a dataclass.
        step: What is tried, to follow "FAISS cannot", with ``{}`` for the index.

    Raises:
        FpbenchError: FAISS fails.
    """
    try:
        yield
    except FpbenchError:
        raise
    except Exception as err:
        text = f"{type(err).__name__} {err}"
        raise FpbenchError(
            f"FAISS cannot {step.format(describe_index(settings))}: {_reason(err)}",
            hint=next((hint for part, hint in _ADVICE.items() if part in text), _OTHER_ADVICE),
        ) from err


def describe_index(settings: object) -> str:
    """An index as the user writes it, with its settings."""
    values = asdict(settings)  # type: ignore[call-overload]  # a dataclass
    factory, search = values.pop("factory", None), dict(values.pop("search", ()))
    name = type(settings).__name__.lower() if factory is None else f"faiss:{factory}"
    options = ", ".join(f"{key}={value}" for key, value in {**values, **search}.items())
    return f"{name} ({options})" if options else name


def _reason(err: Exception) -> str:
    text = _PLACE.sub("", " ".join(str(err).split()))
    for part, reason in _REASONS.items():
        if part in text or (part == "bad_alloc" and isinstance(err, MemoryError)):
            return reason
    condition = _CONDITION.match(text)
    if condition:
        text = condition[2] or f"{condition[1]} does not hold"
    return text.removeprefix("C++ exception ") or type(err).__name__
