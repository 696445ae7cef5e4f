"""Benchmarks: how fast (speed), and how good (validate)."""
