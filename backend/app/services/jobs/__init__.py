"""Jobs: work that takes over a second, queued in PostgreSQL, with progress, cancel, a durable log and a result."""
