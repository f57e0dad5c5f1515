"""Reports: pages that open without a server."""
