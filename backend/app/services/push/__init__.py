"""Web push: what happens in watched screens, shown by the user's own browsers (RFC 8030, RFC 8291, RFC 8292)."""
