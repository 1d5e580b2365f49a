"""A result becomes a document that keeps the schema of Every Eval Ever."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema

from fpbench.results.files import read_result
from fpbench.review.every_eval_ever import every_eval_document

RESULT = read_result(Path(__file__).parents[1] / "golden" / "result_1_0.json")
SCHEMA = json.loads(
    files("fpbench").joinpath("schemas/every_eval_ever/eval.schema.json").read_text()
)


def test_a_point_is_an_evaluation_with_its_interval() -> None:
    document = every_eval_document(RESULT, 1_800_000_000)
    jsonschema.Draft7Validator(SCHEMA).validate(document)
    (point,) = document["evaluation_results"]
    assert point["evaluation_result_id"] == "hr@1/0.25s/exact/synthetic/10000"
    assert point["metric_config"]["metric_id"] == "fpbench.hr_at_1"
    assert point["score_details"]["score"] == 0.5
    assert point["score_details"]["details"]["generator"] == "gaussian"
    assert point["score_details"]["uncertainty"] == {
        "num_samples": 100,
        "confidence_interval": {
            "lower": 0.4,
            "upper": 0.6,
            "confidence_level": 0.95,
            "method": "bootstrap over tracks",
        },
    }


def test_system_and_submitter_are_those_of_the_result() -> None:
    document = every_eval_document(RESULT, 1_800_000_000)
    name = "fpbench.free-run/fpbench-audio/spectral-sketch/1800000000"
    assert document["evaluation_id"] == name
    assert document["source_metadata"]["evaluator_relationship"] == "first_party"
    assert document["source_metadata"]["source_organization_name"] == "ann"
    details = document["model_info"]["additional_details"]
    assert (details["training_data"], details["weights_licence"]) == ("none", "MIT")
    assert "weights_sha256" not in details


def test_a_result_without_provenance_has_another_relation() -> None:
    document = every_eval_document(replace(RESULT, provenance=None), 0)
    assert document["source_metadata"]["evaluator_relationship"] == "other"


def test_the_schema_is_that_of_the_version_that_documents_name() -> None:
    assert SCHEMA["version"] == every_eval_document(RESULT, 0)["schema_version"] == "0.3.0"
