"""Intraday bars: kept in Parquet by timeframe, symbol and year, and resampled when they are read."""
