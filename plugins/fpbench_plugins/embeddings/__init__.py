"""Fingerprints made by another program, in the file format of NAFP and its successors."""

from collections.abc import Iterable

from fpbench import Dataset, Entry, Settings, hookimpl


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="embeddings",
            summary="ready-made fingerprints: query.mm, db.mm, dummy_db.mm",
            create=create,
            fits=lambda path: (path / "db.mm").is_file(),
            argument="DIR",
            details={
                "Files": "raw float32, row-major, with the shape in a *_shape.npy; never modified",
                "Rows": "row i of query is the degraded row i of db; dummy_db has the distractors",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.embeddings.dataset import open_dataset

    return open_dataset(settings)
