"""The panel: every stock's daily bars as memory-mapped arrays, a cache of what PostgreSQL holds."""

from app.services.panel.panel import Panel
from app.services.panel.service import PanelService, PanelState

__all__ = ["Panel", "PanelService", "PanelState"]
