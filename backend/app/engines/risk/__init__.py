"""Risk and performance measures: one function a measure, its convention stated."""
