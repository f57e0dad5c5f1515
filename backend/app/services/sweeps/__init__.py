"""Sweeps: asking (`question`), working their points out (`working`, `executors`), reading them (`reading`)."""
