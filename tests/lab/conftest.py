import pytest
from lab_task import RECIPE, corners

from tinygrad_mnist import train


@pytest.fixture(scope="session")
def network():
    """One that has learned it."""
    return train.run(RECIPE, *corners(400), compiled=False)


@pytest.fixture(scope="session")
def unseen():
    return corners(120, seed=1)
