"""Beginnings of strategies: what `smarttrader strategy new` writes, under the name it is given."""
