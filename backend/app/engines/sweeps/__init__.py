"""Sweeps: one specification with some of its parameters varied, over universes and periods; and walk-forward.

`spec` says which points there are, `evaluate` what each gives, `shared` where points share work, `landscape` what the
whole looks like, `walk_forward` chooses again and again and tests on what comes after.
"""
