"""Panels of the HTML board: what a result says besides its rank."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fpbench.folder_names import change_texts, without_folders
from fpbench.results.costs import Costs, IndexCost, StageCost
from fpbench.results.document import Result
from fpbench.results.fidelity import FLOOR, Fidelity
from fpbench.units import count_label, short_hours, short_size, short_time
from fpbench_leaderboard.board import Links, Row
from fpbench_leaderboard.entries import link_address
from fpbench_leaderboard.html_elements import Element, element, join, name_of_stranger

_STATISTICS = {
    "frechet": "Fréchet distance",
    "js_marginal": "divergence of marginals, bits",
    "js_similarity": "divergence of similarities, bits",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "nearest_distance": "nearest neighbour",
}


def panel(row: Row, identity: str, folder: Path | None) -> Element:
    """A closed panel: cost, fidelity, files and settings of a result."""
    # Older results may name folders of the machine where they were made.
    row = replace(row, result=change_texts(row.result, without_folders))
    result = row.result
    summary = element(
        "summary",
        element("span", name_of_stranger(row.system), class_="title"),
        element("span", name_of_stranger(row.configuration), class_="configuration"),
    )
    facts = element(
        "div",
        _facts("System", _fingerprinter(result)),
        _facts("Cost", _cost(row)),
        _facts("Result", _origin(row)),
        _files(row.links, result, folder),
        class_="stack",
    )
    tables = element(
        "div",
        _fidelity(result.fidelity),
        None if result.costs is None else _stages(result.costs),
        _settings(result),
        class_="stack",
    )
    inside = element("div", facts, tables, class_="panel")
    return element("details", summary, inside, id=identity, class_="card")


def _facts(title: str, facts: Mapping[str, str | None]) -> Element:
    pairs = [
        join(element("dt", term), element("dd", value)) for term, value in facts.items() if value
    ]
    return element("section", element("h4", title), element("dl", *pairs))


def _fingerprinter(result: Result) -> dict[str, str | None]:
    one = result.fingerprinter
    return {
        "distribution": f"{one.distribution} {one.version}",
        "source": None if one.source_sha256 is None else f"SHA-256 {one.source_sha256[:12]}",
        "weights": f"SHA-256 {one.weights_sha256[:12]}" if one.weights_sha256 else "as shipped",
        "licence": one.weights_licence,
        "training data": one.training_data,
        "fingerprint": f"{one.dim} numbers for {one.segment_s:g} s, every {one.hop_s:g} s",
        "sample rate": None if one.sample_rate_hz is None else f"{one.sample_rate_hz} Hz",
        "arithmetic": f"{one.dtype} on {one.device}",
        "options": ", ".join(f"{key} = {value}" for key, value in sorted(one.options.items())),
    }


def _origin(row: Row) -> dict[str, str | None]:
    result, origin = row.result, row.result.provenance
    made_by = f"fpbench {result.harness.version}"
    if result.harness.revision is not None:
        made_by += f", commit {result.harness.revision[:10]}" + ", changed" * bool(
            result.harness.dirty
        )
    return {
        "checked": row.tier,
        "submitted by": None if origin is None else f"{origin.submitter}, {origin.relation}",
        "notes": None if origin is None else origin.notes,
        "made by": made_by,
        "id": None if result.result_id is None else result.result_id[:12],
    }


def _cost(row: Row) -> dict[str, str | None]:
    costs = row.result.costs
    hours = max((rate.hours for rate in row.rates if rate.found == "searched"), default=0)
    return {
        "fingerprints": f"{row.bytes_per_hour / 1000:.0f} kB per hour of audio",
        "audio searched": short_hours(hours),
        **_machine(row.result),
        **({"time": "not reported"} if costs is None else _measured(costs)),
    }


def _machine(result: Result) -> dict[str, str | None]:
    one = result.machine
    if one is None:  # an older result
        named = (result.environment.get(key) for key in ("gpu", "platform"))
        cores = result.environment.get("cpu_cores")
        facts = [count_label(int(cores), "core")] if cores and cores.isdecimal() else []
        return {"machine": ", ".join([*facts, *(text for text in named if text)])}
    memory = _memory(one.memory_bytes)
    return {
        "processor": f"{one.cpu}, {count_label(one.cores, 'core')}"
        + (f", {memory}" if memory else ""),
        "GPU": one.gpu and ", ".join(filter(None, [one.gpu, _memory(one.gpu_memory_bytes)])),
        "system": f"{one.system}, {one.architecture}",
    }


def _measured(costs: Costs) -> dict[str, str | None]:
    encoder, speed = costs.encoder, costs.calibration
    return {
        "whole run": f"{short_time(costs.wall_s)}, {count_label(costs.threads, 'thread')}",
        "largest memory": _memory(costs.peak_memory_bytes),
        "encoder": None if encoder is None else f"{encoder.x_real_time:.0f} × real time",  # noqa: RUF001
        **{f"{one.index}, {one.distractors}": _index(one) for one in costs.indexes},
        "calibration": None
        if speed is None
        else f"{speed.gflops:.0f} GFLOPS, {speed.copy_gb_s:.1f} GB/s",
    }


def _index(cost: IndexCost) -> str:
    times = [f"{one.ms:.3g} ms per query in batches of {one.batch}" for one in cost.latencies]
    rows = [f"{short_size(cost.rows)} rows"] if cost.rows else []
    return ", ".join([*times, *rows]) or "not timed"


def _memory(size: int | None) -> str | None:
    return None if size is None else f"{size / 1e9:.1f} GB"


def _stages(costs: Costs) -> Element:
    head = ("stage", "of", "time", "throughput", "memory")
    rows = [
        (
            stage.stage,
            name_of_stranger(stage.of),
            _time(stage),
            _throughput(stage),
            _memory(stage.peak_memory_bytes),
        )
        for stage in costs.stages
    ]
    return element("section", element("h4", "Stages of the run"), _table("Stages", head, rows))


def _time(stage: StageCost) -> str:
    if stage.wall_s is None:
        return ""
    time = f"{stage.wall_s:.1f} s" if stage.wall_s < 10 else short_time(stage.wall_s)
    workers = "" if stage.workers is None else f" by {count_label(stage.workers, 'worker')}"
    return time + workers + " (cached)" * stage.cached


def _throughput(stage: StageCost) -> str:
    if not stage.per_s or not stage.unit:
        return ""
    if stage.unit == "seconds of audio":
        return f"{stage.per_s:.0f} × real time"  # noqa: RUF001 - times
    return f"{short_size(round(stage.per_s))} {stage.unit} per s"


def _fidelity(fidelity: Fidelity | None) -> Element | None:
    if fidelity is None or not fidelity.statistics:
        return None
    names = sorted(fidelity.statistics, key=lambda name: (name != FLOOR, name))
    rows = [
        (label, *(f"{getattr(fidelity.statistics[name], field):.3f}" for name in names))
        for field, label in _STATISTICS.items()
    ]
    alarms = [
        element("p", f"{each.generator}: {each.words}", class_="mark") for each in fidelity.alarms
    ]
    return element(
        "section",
        element("h4", "Fidelity of synthetic distractors"),
        element("p", f"Values should be near those of the column {FLOOR}.", class_="note"),
        _table("Fidelity", ("", *names), rows),
        *alarms,
    )


def _table(label: str, head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Element:
    """A small table whose rows begin with their names."""
    heading = element("tr", *(element("th" if each else "td", each) for each in head))
    body = [
        element("tr", element("th", name, scope="row"), *(element("td", cell) for cell in cells))
        for name, *cells in rows
    ]
    table = element("table", element("thead", heading), element("tbody", *body), class_="small")
    return element("div", table, class_="wide", role="region", tabindex=0, aria_label=label)


def _files(links: Links, result: Result, folder: Path | None) -> Element:
    hashes = {info.file: info.sha256 for info in result.evidence}
    named = [
        ("result", links.result),
        ("config", links.config),
        *(("evidence", path) for path in links.evidence),
    ]
    items = []
    for kind, path in named:
        if path is not None:
            name = path.rsplit("/", 1)[-1]
            text = element("a", name, href=link_address(path, folder))
            items.append(_file(kind, text, hashes.pop(name, None)))
    items += [_file("evidence", join(name), digest) for name, digest in hashes.items()]
    return element("section", element("h4", "Files"), element("ul", *items, class_="files"))


def _file(kind: str, name: Element, digest: str | None) -> Element:
    code = element("code", f" SHA-256 {digest[:12]}") if digest else None
    return element("li", f"{kind} ", name, code)


def _settings(result: Result) -> Element:
    text = json.dumps(result.config, indent=2, sort_keys=True, ensure_ascii=False)
    lines = [join(line, Element("\n")) for line in text.split("\n")]
    return element(
        "section",
        element("h4", "Settings"),
        element("pre", element("code", *lines), tabindex=0, aria_label="Settings", role="region"),
    )
