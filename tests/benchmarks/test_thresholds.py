"""What is measured of the kernels' thresholds is what there is."""

from benchmarks import thresholds
from tinygrad_mnist.kernels import tuning


def test_every_job_is_of_a_threshold() -> None:
    for name, job in thresholds.JOBS.items():
        assert thresholds.value_of(name) == getattr(tuning, name)
        assert compile(job.setup, name, "exec")
        assert not job.sizes or job.pays in ((0, 1 << 40), (1 << 40, 0))
