"""Screens: the market as rows of the language, expressions over it, presets, history."""
