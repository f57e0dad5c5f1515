"""Indicator snapshots: every field of every stock at a session, kept as Arrow files."""

from app.services.snapshots.build import build, identity_of
from app.services.snapshots.store import SnapshotIdentity, SnapshotStore
from app.services.snapshots.table import FieldTable

__all__ = ["FieldTable", "SnapshotIdentity", "SnapshotStore", "build", "identity_of"]
