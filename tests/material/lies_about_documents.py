"""Lies about the document itself, its task and its maker."""

from collections.abc import Mapping

from lie_edits import SHA, Lie, last_twice, times, with_last, without_last

LIES: Mapping[str, Lie] = {
    "another hash": {"/result_id": SHA},
    "another version of fpbench": {"/harness/version": "9.9"},
    "a clean checkout without a revision": {"/harness": {"version": "0.1.0", "dirty": False}},
    "a future format": {"/result_format": "2.0"},
    "smaller fingerprints": {"/fingerprinter/bytes_per_hour": times(0.5)},
    "a task": {
        "/task": {
            "name": "demo-v1",
            "version": 1,
            "content": "0" * 32,
            "data": None,
            "queries": None,
        }
    },
    "a result twice among the superseded": {
        "/provenance": {"submitter": "ann", "relation": "author", "supersedes": [SHA, SHA]}
    },
    "a submitter that reads backwards": {
        "/provenance": {"submitter": "\u202enna", "relation": "author"}
    },
    "notes with a control character": {
        "/provenance": {"submitter": "ann", "relation": "author", "notes": "a\x1b[2Jb"}
    },
    "an unknown relation": {"/provenance": {"submitter": "ann", "relation": "winner"}},
    "an index less": {"/indexes": without_last},
    "an index twice": {"/indexes": last_twice},
    "an index that searched nothing": {"/indexes": with_last(name="hnsw")},
    "options of an index": {"/indexes/0/requested": {"nprobe": "64"}},
    "no options of an index": {"/indexes/2/requested": {}},
    "a longer shortlist": {"/indexes/0/effective/shortlist": 1000},
    "a longer shortlist of all": {"/indexes/*/effective/shortlist": 1000},
    "another parameter of one index": {"/indexes/0/effective/scores": "int8"},
    "another version of FAISS": {
        "/indexes/2/effective/faiss": "9.9",
        "/indexes/3/effective/faiss": "9.9",
    },
    "a training of exact search": {"/indexes/0/trained_on": 10**6},
    "more extra than there is room for": {"/extra": {"x": "y" * 10_000}},
    "fields that no format has": {"/rank": 1},
}
