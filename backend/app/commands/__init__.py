"""Groups of commands of `smarttrader`, a file a subject: each has `register(group)`."""
