"""The FMA dataset (Free Music Archive), as published."""

from collections.abc import Iterable

from fpbench import Dataset, Entry, Settings, hookimpl


@hookimpl
def fpbench_datasets() -> Iterable[Entry[Dataset]]:
    return [
        Entry(
            name="fma",
            summary="the FMA dataset as published: fma_metadata/ and one of fma_small ... fma_full",
            create=create,
            fits=lambda path: (path / "fma_metadata").is_dir(),
            argument="DIR",
            details={
                "Source": "Defferrard et al. 2017, FMA: a dataset for music analysis, "
                "github.com/mdeff/fma",
                "Roles": "test: reference; validation and half of training: distractors; "
                "the other half: train (train_share sets this share)",
                "Groups": "artists; intervals are over groups",
                "Recorded queries": "queries.csv in DIR, with columns query, reference, start_s",
            },
        )
    ]


def create(settings: Settings) -> Dataset:
    from fpbench_plugins.fma.dataset import open_dataset

    return open_dataset(settings)
