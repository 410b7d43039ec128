"""Rehearse AWS disaster-recovery orchestration: a simulated account on a virtual clock."""

__version__ = "0.1.0"
