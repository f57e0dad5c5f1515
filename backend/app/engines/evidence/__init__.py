"""Evidence: how much of a result could be chance, and how much of it the search for it."""
