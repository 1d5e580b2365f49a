"""Whether the indexes are those of the curves and of the config."""

from collections import Counter
from collections.abc import Iterator, Mapping

from fpbench.plugin.index_names import index_base, index_settings
from fpbench.results.document import Result
from fpbench.results.indexes import IndexInfo
from fpbench.verification.problems import Problem, compare, show_value
from fpbench.verification.searches import EXACT
from fpbench.verification.submission import Submission


def check_indexes(submission: Submission) -> Iterator[Problem]:
    """Each search has its index once, with the options of the config and equal parameters."""
    result = submission.result
    searches = dict.fromkeys((curve.index, curve.distractors) for curve in result.curves)
    counts = Counter((index.name, index.distractors) for index in result.indexes)
    for key in searches:
        if key not in counts:
            rule = f"the curves give {show_value(key)}, which is missing"
            yield Problem(pointer="/indexes", value=None, rule=rule)
    for place, index in enumerate(result.indexes):
        pointer, key = f"/indexes/{place}", (index.name, index.distractors)
        if key not in searches:
            yield Problem(pointer=pointer, value=key, rule="the result has no curve of this index")
        elif counts[key] > 1:
            yield Problem(pointer=pointer, value=key, rule="this index is listed more than once")
        yield from _check_index(result, index, pointer)


def _check_index(result: Result, index: IndexInfo, pointer: str) -> Iterator[Problem]:
    options = result.config.get("index_options", {}).get(index_base(index.name), {})
    of_name = index_settings(index.name)
    requested = {**options, **of_name} if isinstance(options, Mapping) else options
    source = "its name and config.index_options" if of_name else "config.index_options"
    yield from compare(f"{pointer}/requested", index.requested, requested, source)
    first = next(one for one in result.indexes if one.name == index.name)
    source = "the same index with other distractors"
    yield from compare(f"{pointer}/effective", index.effective, first.effective, source)
    if index.name.partition(":")[0] == EXACT and index.trained_on not in (None, 0):
        rule = "exact search is not trained"
        yield Problem(pointer=f"{pointer}/trained_on", value=index.trained_on, rule=rule)
    faiss, known = index.effective.get("faiss"), result.environment.get("faiss-cpu")
    if faiss is not None and known not in (None, "unknown"):
        yield from compare(f"{pointer}/effective/faiss", faiss, known, "environment")
