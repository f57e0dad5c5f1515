"""SmartTrader: screen, analyse, research and trade Indian (NSE) equities by rule."""

__version__ = "0.1.0"
