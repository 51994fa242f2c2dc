"""`python -m tinygrad_mnist`: the command line."""

import sys

from .cli import main

sys.exit(main())
