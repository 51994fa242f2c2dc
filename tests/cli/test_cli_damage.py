"""Damaged files end in one line or a right answer; see damage.py for the command that reads thousands."""

import subprocess
import sys
from pathlib import Path

COUNT = 250


def test_damaged_files_of_every_kind():
    script = Path(__file__).with_name("damage.py")
    command = [sys.executable, script, "--count", str(COUNT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 15
