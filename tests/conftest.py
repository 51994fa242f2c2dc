"""Hypothesis: the same examples on every run; `pytest --hypothesis-profile=search` looks for new ones."""

from hypothesis import HealthCheck, settings

slow_machines = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, max_examples=60, **slow_machines)
settings.register_profile("search", max_examples=1000, **slow_machines)
settings.load_profile("same")
