"""The HTTP edge: middleware, error answers and the built interface. Knows no use case."""
