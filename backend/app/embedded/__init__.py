"""The parts of the embedded PostgreSQL: locks, programs, settings, server. Use them by `app.embedded_postgres`."""
