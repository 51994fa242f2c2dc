"""Trainings by other processes and machines: what a task carries, who does it, and who is dealt what."""
