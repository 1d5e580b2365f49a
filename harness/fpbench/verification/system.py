"""Whether the fingerprinter is the one of the config."""

from collections.abc import Iterator, Mapping

from fpbench.plugin.loading import PREFIX
from fpbench.results.document import Result
from fpbench.results.systems import GeneratorInfo, bytes_per_hour
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Submission

_CONFIG = "the config"
_OBJECT = "(object)"  # the distribution of a Python object
_READY_MADE: Mapping[str, object] = {
    "distribution": "-",
    "version": "-",
    "source_sha256": None,
    "weights_sha256": None,
    "options": {},
    "device": "-",
    "dtype": "float32",
    "sample_rate_hz": None,
}


def check_system(submission: Submission) -> Iterator[Problem]:
    """Name, weights, options, device and dtype follow from the config."""
    result = submission.result
    system, config = result.fingerprinter, result.config
    size = bytes_per_hour(system.dim, system.hop_s)
    source = "dim and hop_s"
    yield from compare("/fingerprinter/bytes_per_hour", system.bytes_per_hour, size, source)
    if is_ready_made(result):
        name = config.get("name") or "ready-made"
        yield from compare("/fingerprinter/name", system.name, name, _CONFIG)
        for field, value in _READY_MADE.items():
            found = getattr(system, field)
            yield from compare(f"/fingerprinter/{field}", found, value, "ready-made data")
        return
    yield from _check_name(result, "fingerprinter", system.name)
    options = config.get("fingerprinter_options", {})
    yield from compare("/fingerprinter/options", system.options, options, _CONFIG)
    if str(config.get("fingerprinter")).startswith(PREFIX):  # a file or a module
        yield from compare("/fingerprinter/version", system.version, "-", _CONFIG)
    if (system.weights_sha256 is None) != (config.get("weights") is None):
        rule = f"config.weights is {config.get('weights')!r}"
        yield Problem(
            pointer="/fingerprinter/weights_sha256", value=system.weights_sha256, rule=rule
        )
    device = "-" if system.distribution == _OBJECT else config.get("device", "cpu")
    yield from compare("/fingerprinter/device", system.device, device, _CONFIG)
    # A plugin may have a dtype of its own, which is then the usual one.
    wanted = config.get("dtype", "float32")
    own = system.distribution in ("-", _OBJECT) or system.dtype == "float32"
    if system.dtype != wanted and not own:
        yield from compare("/fingerprinter/dtype", system.dtype, wanted, _CONFIG)
    yield from _check_version(result)


def check_generator(submission: Submission) -> Iterator[Problem]:
    """The generator is the one of the config, and was fitted as the config says."""
    result = submission.result
    generator, config = result.generator, result.config
    synthetic = config.get("distractors") in ("synthetic", "both")
    if generator is None:
        if synthetic:
            rule = "config.distractors has synthetic ones"
            yield Problem(pointer="/generator", value=None, rule=rule)
        return
    if not synthetic:
        rule = f"config.distractors is {config.get('distractors')!r}"
        yield Problem(pointer="/generator", value=generator.name, rule=rule)
    yield from _check_name(result, "generator", generator.name)
    options = config.get("generator_options", {})
    yield from compare("/generator/options", generator.options, options, _CONFIG)
    yield from _check_fit(result, generator)


def _check_fit(result: Result, generator: GeneratorInfo) -> Iterator[Problem]:
    """A generator without a file was fitted in the run, to no more than the real distractors."""
    config, system = result.config, result.fingerprinter
    rows, fit = generator.fitted_fingerprints, generator.fitted_to
    if (rows is None) != (config.get("generator_weights") is not None):
        rule = f"config.generator_weights is {config.get('generator_weights')!r}"
        yield Problem(pointer="/generator/fitted_fingerprints", value=rows, rule=rule)
    available = result.data.distractor_fingerprints
    if rows is not None and rows > available:
        rule = f"data.distractor_fingerprints is {available}"
        yield Problem(pointer="/generator/fitted_fingerprints", value=rows, rule=rule)
    if rows is not None and fit is not None:
        source = "generator.fitted_fingerprints"
        yield from compare("/generator/fitted_to/fingerprints", fit.fingerprints, rows, source)
    if generator.foreign:
        if config.get("foreign_generator") is not True:
            rule = "config.foreign_generator is not true"
            yield Problem(pointer="/generator/foreign", value=True, rule=rule)
        if fit is None or fit.fingerprinter is None:
            rule = "generator.foreign is true, so it is known what it was fitted to"
            yield Problem(pointer="/generator/fitted_to", value=None, rule=rule)
    # One that was fitted before may know the same fingerprints under another name.
    elif rows is not None and fit is not None and not is_ready_made(result):
        for field, of in (
            ("fingerprinter", system.name),
            ("weights_sha256", system.weights_sha256),
        ):
            found = getattr(fit, field)
            yield from compare(f"/generator/fitted_to/{field}", found, of, "fingerprinter")


def is_ready_made(result: Result) -> bool:
    """Whether queries are ready-made fingerprints, so that the run used no fingerprinter.

    Such a result says so in all of its parts; one that says so in some breaks other rules.
    """
    return "ready_made" in result.queries.recipe


def _check_name(result: Result, kind: str, name: str) -> Iterator[Problem]:
    config_name = str(result.config.get(kind))
    # For plugin:FILE, the name of the entry is only in that file.
    if not config_name.startswith(PREFIX) and config_name.partition(":")[0] != name:
        yield Problem(pointer=f"/{kind}/name", value=name, rule=f"config.{kind} is {config_name!r}")


def _check_version(result: Result) -> Iterator[Problem]:
    """A plugin of a distribution whose version the environment lists has that version."""
    for kind, part in (("fingerprinter", result.fingerprinter), ("generator", result.generator)):
        if part is not None and part.distribution in result.environment:
            version = result.environment[part.distribution]
            yield from compare(f"/{kind}/version", part.version, version, "environment")
