"""A result as a document of Every Eval Ever, a common format of evaluations.

Source: schemas/every_eval_ever/eval.schema.json, version 0.3.0, by the EvalEval Coalition.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from fpbench.results.document import Curve, Point, Result
from fpbench.results.names import curve_id, metric_label

VERSION = "0.3.0"

_RELATIONS = {
    "author": "first_party",
    "independent": "third_party",
    "maintainer": "third_party",
    None: "other",
}


def every_eval_document(result: Result, now_s: int) -> dict[str, Any]:
    """The document of one result, with an evaluation for each point of its curves.

    Args:
        result: Any result.
        now_s: When the document is made, in seconds since 1970, UTC.

    Raises:
        ValueError: The document breaks the schema, with its place.
    """
    system, made = result.fingerprinter, result.provenance
    developer = "unknown" if system.distribution.startswith(("-", "(")) else system.distribution
    name = result.task.name if result.task else "free-run"
    model = f"{developer}/{system.name}"
    document = {
        "schema_version": VERSION,
        "evaluation_id": f"fpbench.{name}/{model}/{now_s}",
        "retrieved_timestamp": str(now_s),
        "source_metadata": {
            "source_name": "fpbench",
            "source_type": "evaluation_run",
            "source_organization_name": made.submitter if made else "unknown",
            "evaluator_relationship": _RELATIONS[made.relation if made else None],
            "additional_details": _texts({"result_id": result.result_id}),
        },
        "eval_library": {
            "name": "fpbench",
            "version": result.harness.version,
            "additional_details": _texts({"revision": result.harness.revision}),
        },
        "model_info": {
            "name": system.name,
            "id": model,
            "developer": developer,
            "additional_details": {
                "deployment_type": "self_deployed",
                "model_availability": "unknown",
                **_describe_system(result),
            },
        },
        "evaluation_results": [
            _evaluation(result, f"fpbench.{name}", curve, point)
            for curve in result.curves
            for point in curve.points
        ],
    }
    _validate(document)
    return document


def _describe_system(result: Result) -> dict[str, str]:
    system = result.fingerprinter
    return _texts(
        {
            "version": system.version,
            "weights_sha256": system.weights_sha256,
            "weights_licence": system.weights_licence,
            "training_data": system.training_data,
            "dtype": system.dtype,
            "dim": system.dim,
            "hop_s": system.hop_s,
            "options": json.dumps(dict(system.options), sort_keys=True),
        }
    )


def _evaluation(result: Result, name: str, curve: Curve, point: Point) -> dict[str, Any]:
    label = metric_label(curve.metric, curve.tolerance_s)
    place = f"{curve_id(result, curve)}/{point.n_distractors}"
    synthetic = curve.distractors == "synthetic" and result.generator is not None
    return {
        "evaluation_result_id": place,
        "evaluation_name": name,
        "source_data": {
            "dataset_name": result.data.name,
            "source_type": "other",
            "additional_details": _texts(
                {"content": result.data.content, "queries": result.queries.content}
            ),
        },
        "metric_config": {
            "evaluation_description": f"{label} of {curve.query_length_s:g} s queries among "
            f"{point.n_distractors} {curve.distractors} distractors, {curve.index} search",
            "metric_id": f"fpbench.{curve.metric.replace('@', '_at_')}",
            "metric_name": label,
            "metric_kind": "hit_rate",
            "metric_unit": "proportion",
            "metric_parameters": {
                "k": int(curve.metric.removeprefix("hr@")),
                "tolerance_s": curve.tolerance_s,
                "n_distractors": point.n_distractors,
                "n_reference": point.n_reference,
            },
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 1,
        },
        "score_details": {
            "score": point.value,
            "details": _texts(
                {
                    "found": point.found,
                    "index": curve.index,
                    "distractors": curve.distractors,
                    "generator": result.generator.name if synthetic and result.generator else None,
                    "hours": point.hours,
                    "corrected": point.corrected.value if point.corrected else None,
                }
            ),
            "uncertainty": dict(_uncertainty(point)),
        },
    }


def _uncertainty(point: Point) -> Iterator[tuple[str, object]]:
    yield "num_samples", point.n_queries
    if point.ci.is_known:
        yield (
            "confidence_interval",
            {
                "lower": point.ci.low,
                "upper": point.ci.high,
                "confidence_level": point.ci.level,
                "method": point.ci.method,
            },
        )


def _texts(details: Mapping[str, object]) -> dict[str, str]:
    """Additional details, which are texts; what is unknown is left out."""
    return {name: str(value) for name, value in details.items() if value is not None}


def _validate(document: object) -> None:
    import jsonschema

    schema = files("fpbench").joinpath("schemas/every_eval_ever/eval.schema.json")
    validator = jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))
    for error in validator.iter_errors(document):
        raise ValueError(f"{'/'.join(map(str, error.path))}: {error.message}")
