"""What is measured of thresholds is what there is."""

import pytest

from benchmarks import thresholds


@pytest.mark.parametrize("name", thresholds.JOBS)
def test_every_job_is_of_a_threshold(name: str) -> None:
    job = thresholds.JOBS[name]
    assert getattr(thresholds.tuning_of(name), name) > 0
    assert compile(job.setup, name, "exec")
    assert not job.sizes or job.pays in ((0, 1 << 40), (1 << 40, 0))


def test_another_name_is_none() -> None:
    with pytest.raises(SystemExit, match="NOTHING is no threshold"):
        thresholds.tuning_of("NOTHING")
