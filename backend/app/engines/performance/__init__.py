"""What a portfolio earned: time-weighted, money-weighted, and where the rupees came from."""

from app.engines.performance.money import NoRate, xirr
from app.engines.performance.series import Holdings, holdings, same_money, time_weighted
from app.engines.performance.sources import Source, sources

__all__ = ["Holdings", "NoRate", "Source", "holdings", "same_money", "sources", "time_weighted", "xirr"]
