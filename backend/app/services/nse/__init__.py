"""The exchange's public archives, asked politely: the only place that knows their addresses and manners."""

from app.services.nse.client import ArchiveClient, BlockedError, FetchError, NotPublishedError
from app.services.nse.reports import DAILY, OF_TODAY, RemoteFile, Report, remote_file
from app.services.nse.sync import SyncService, SyncSummary

__all__ = [
    "DAILY",
    "OF_TODAY",
    "ArchiveClient",
    "BlockedError",
    "FetchError",
    "NotPublishedError",
    "RemoteFile",
    "Report",
    "SyncService",
    "SyncSummary",
    "remote_file",
]
