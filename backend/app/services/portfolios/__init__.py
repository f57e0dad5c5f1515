"""Portfolios of stocks: ledgers kept, valued and taken apart."""
