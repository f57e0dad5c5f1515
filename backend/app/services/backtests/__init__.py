"""Backtests: asking (`question`), reading inputs (`slices`, `inputs`), running and verifying (`service`),
stored runs (`stored`), and what is shown of them (`shown`)."""
