"""The parts of the embedded PostgreSQL: what is locked, found, set and run. Use them through `app.embedded_postgres`."""
