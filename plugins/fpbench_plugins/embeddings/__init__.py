"""Fingerprints that another program has already made, in the files of the NAFP family."""

from collections.abc import Iterable

from fpbench import Dataset, Entry, Settings, hookimpl


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="embeddings",
            summary="ready-made fingerprints: query.mm, db.mm, dummy_db.mm",
            create=create,
            argument="DIR",
            details={
                "Files": "raw float32, row-major, each with its shape in a *_shape.npy; opened "
                "read-only, never modified",
                "Rows": "query row i is the degraded db row i; dummy_db holds the distractors",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.embeddings.dataset import open_dataset

    return open_dataset(settings)
