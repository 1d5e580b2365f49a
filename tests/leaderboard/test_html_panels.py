"""A panel tells what a result says besides its rank."""

import dataclasses
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

from fpbench.results.costs import Calibration, Costs, EncoderCost, IndexCost, Latency, StageCost
from fpbench.results.document import Result
from fpbench.results.environment import Machine
from fpbench.results.fidelity import Alarm, Fidelity, Statistics
from fpbench.results.provenance import Provenance
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.html_panels import panel
from fpbench_leaderboard.sections import make_board

Named = Callable[..., Result]


def shown(result: Result) -> str:
    """The text of the panel of a result, with a bar between elements."""
    (section,) = make_board([Entry(result=result)], "here").sections
    markup = panel(section.rankings[0].rows[0], "p", Path())
    return unescape(re.sub(r"(<[^>]*>\s*)+", "|", markup))


def test_costs_are_shown_with_their_units(named: Named) -> None:
    stage = StageCost(
        stage="searching",
        of="exact, synthetic",
        wall_s=20.0,
        processor_s=30.0,
        peak_memory_bytes=2_000_000_000,
        amount=1e7,
        total=1e7,
        unit="fingerprints",
        cached=False,
        workers=2,
    )
    latency = Latency(batch=100, ms=0.25, low_ms=0.2, high_ms=0.3, repeats=5)
    index = IndexCost(
        index="exact",
        distractors="synthetic",
        rows=1_000_000,
        bytes_per_fingerprint=512.0,
        bytes_per_hour=3_686_400.0,
        latencies=[latency],
        cached=False,
    )
    speed = Calibration(
        gflops=80.0,
        gflops_low=70.0,
        gflops_high=90.0,
        copy_gb_s=8.0,
        copy_gb_s_low=7.0,
        copy_gb_s_high=9.0,
        age_s=10.0,
    )
    costs = Costs(
        wall_s=120.0,
        processor_s=200.0,
        peak_memory_bytes=3_000_000_000,
        threads=2,
        load_before=0.1,
        load_after=2.0,
        stages=[stage],
        encoder=EncoderCost(audio_s=3600.0, wall_s=9.0, cached=False),
        indexes=[index],
        calibration=speed,
    )
    text = shown(dataclasses.replace(named("a", {1000: 0.5}), costs=costs))
    assert "|whole run|2 min, 2 threads|" in text
    assert "|largest memory|3.0 GB|" in text
    assert "|encoder|400 × real time|" in text  # noqa: RUF001 - times
    assert "|exact, synthetic|0.25 ms per query in batches of 100, 1 M rows|" in text
    assert "|calibration|80 GFLOPS, 8.0 GB/s|" in text
    assert "|searching|exact, synthetic|20 s by 2 workers|500 k fingerprints per s|2.0 GB|" in text


def test_the_machine_is_described_as_far_as_the_result_does(named: Named) -> None:
    result = named("a", {1000: 0.5})
    machine = Machine(
        cpu="Xeon",
        architecture="x86_64",
        cores=2,
        memory_bytes=8_000_000_000,
        gpu="H200",
        gpu_memory_bytes=150_000_000_000,
        system="Debian 12",
    )
    text = shown(dataclasses.replace(result, machine=machine))
    assert "|processor|Xeon, 2 cores, 8.0 GB|GPU|H200, 150.0 GB|system|Debian 12, x86_64|" in text
    alone = dataclasses.replace(machine, cores=1, memory_bytes=None, gpu=None)
    text = shown(dataclasses.replace(result, machine=alone))
    assert "|processor|Xeon, 1 core|system|" in text
    older = {"cpu_cores": "2", "platform": "Linux x86_64"}
    assert "|machine|2 cores, Linux x86_64|" in shown(
        dataclasses.replace(result, environment=older)
    )


def test_costs_that_nobody_reports_are_said_to_be_unknown(named: Named) -> None:
    text = shown(named("a", {1000: 0.5}))
    assert "|time|not reported|" in text
    assert "Stages" not in text


def test_fidelity_has_the_real_fingerprints_first_and_the_alarms_last(named: Named) -> None:
    one = Statistics(
        frechet=0.5,
        js_marginal=0.25,
        js_similarity=0.125,
        precision=0.75,
        recall=0.5,
        density=1.0,
        coverage=0.875,
        nearest_distance=0.625,
        local_dimension=[],
    )
    sets = {"gaussian": dataclasses.replace(one, frechet=2.0), "real": one}
    alarm = Alarm(
        generator="gaussian", statistic="frechet", value=2.0, limit=1.0, words="too far from real"
    )
    fidelity = Fidelity(statistics=sets, spread=sets, alarms=[alarm])
    text = shown(dataclasses.replace(named("a", {1000: 0.5}), fidelity=fidelity))
    assert "|real|gaussian|Fréchet distance|0.500|2.000|" in text
    assert "|gaussian: too far from real|" in text


def test_says_who_submitted_a_result_and_hides_folders_of_a_machine(named: Named) -> None:
    result = named("a", {1000: 0.5})
    origin = Provenance(submitter="ada", relation="author", notes="from /home/ada/music/x.toml")
    text = shown(dataclasses.replace(result, provenance=origin))
    assert "|submitted by|ada, author|notes|from x.toml|" in text
    assert "/home/" not in text


def test_evidence_that_is_elsewhere_is_named_with_its_hash(named: Named) -> None:
    text = shown(named("a", {1000: 0.5}))
    assert "|evidence result.exact.synthetic.npz|SHA-256 444444444444|" in text.replace("| ", "|")
