"""Use cases and the outside world: they decide, know no HTTP, and write no SQL of their own."""
