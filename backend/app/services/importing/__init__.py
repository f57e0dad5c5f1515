"""Importing exchange files: read, check, store, then work out who is who, who belonged where and what was split.

A file is the unit and the transaction. A refused file stores nothing and is named; the others go in. The result does
not depend on the order of files or imports, and a killed import is completed by the next one.
"""
