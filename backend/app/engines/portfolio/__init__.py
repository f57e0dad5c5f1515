"""What a portfolio of shares risks, what would hurt it, and how its money could be spread instead.

Everything is asked of one matrix of returns, sessions by holdings, and of weights that sum to 1: today's holdings, as
if they had been held in today's proportions throughout. Returns are of prices adjusted for splits and bonuses, without
dividends.
"""
