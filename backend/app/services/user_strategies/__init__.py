"""Strategies of one's own: Python files in a folder, read by us and run by nobody but a worker process.

The folder is read and its files are looked through without being run (`folder`); what a file says of its strategy is
asked of a worker process (`child`), which `workers` starts, limits and kills; `strategy` is what the rest of the
platform sees of it, `catalogue` lists these beside the shipped ones, `running` carries out runs, and `starts` writes
the beginnings of new ones.
"""
