"""Each second belongs to the innermost stage, and memory to the stage that takes it."""

import subprocess
import sys
import time

import pytest

from fpbench.runs.costs.stage_clock import Elapsed, StageClock


def test_a_stage_within_another_is_no_part_of_it() -> None:
    outer, inner = Elapsed(), Elapsed()
    clock = StageClock()
    with clock.measure(outer):
        time.sleep(0.01)
        with clock.measure(inner):
            time.sleep(0.03)
    assert inner.wall_s >= 0.03
    assert outer.wall_s >= 0.01
    assert outer.wall_s + inner.wall_s <= clock.total.wall_s + 1e-6  # more if it counted twice


def test_a_stage_that_is_opened_again_adds_up() -> None:
    elapsed, clock = Elapsed(), StageClock()
    for _ in range(2):
        with clock.measure(elapsed):
            time.sleep(0.01)
    assert elapsed.wall_s >= 0.02


def test_waiting_takes_no_processor() -> None:
    elapsed, clock = Elapsed(), StageClock()
    with clock.measure(elapsed):
        time.sleep(0.05)
    assert elapsed.processor_s < 0.05


@pytest.mark.slow
def test_processes_that_end_in_a_stage_count_if_asked() -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    clock = StageClock()
    for counts in (False, True):
        elapsed, before_s = Elapsed(), clock.total.processor_s
        with clock.measure(elapsed, with_processes=counts):
            subprocess.run([sys.executable, "-c", busy], check=True)
        assert (elapsed.processor_s >= 0.25) == counts
        assert (clock.total.processor_s - before_s >= 0.25) == counts


def test_an_error_ends_a_stage() -> None:
    elapsed, clock = Elapsed(), StageClock()
    with pytest.raises(KeyError), clock.measure(elapsed):
        raise KeyError
    before_s = elapsed.wall_s
    clock.advance()
    assert elapsed.wall_s == before_s


def test_memory_that_was_freed_counts_only_in_its_stage() -> None:
    large, small, clock = Elapsed(), Elapsed(), StageClock()
    with clock.measure(large):
        taken = bytearray(100_000_000)
        del taken
    with clock.measure(small):
        pass
    if large.peak_memory_bytes is None or small.peak_memory_bytes is None:
        pytest.skip("this system does not say it")
    assert large.peak_memory_bytes > small.peak_memory_bytes + 50_000_000
    assert clock.total.peak_memory_bytes == large.peak_memory_bytes
