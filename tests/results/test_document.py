"""The dataclasses and the JSON schema of a result name the same fields."""

import dataclasses

from fpbench.results.files import schema


def test_schema_and_dataclasses_name_the_same_fields() -> None:
    from fpbench.results import document as results

    properties = schema()["properties"]
    parts = {
        results.Result: schema(),
        results.Curve: properties["curves"]["items"],
        results.Point: properties["curves"]["items"]["properties"]["points"]["items"],
        results.FingerprinterInfo: properties["fingerprinter"],
        results.DataInfo: properties["data"],
        results.QueryInfo: properties["queries"],
        results.GeneratorInfo: properties["generator"]["anyOf"][0],
        results.EvidenceInfo: properties["evidence"]["items"],
    }
    for kind, part in parts.items():
        names = {f.name for f in dataclasses.fields(kind)}
        assert names == set(part["properties"]) == set(part["required"]), kind
