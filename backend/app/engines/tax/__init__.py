"""Tax on gains in listed shares, as an estimate: kinds, rates by date, set-off, exemption, carry-forward."""

from app.engines.tax.gains import Gain, GainKind, gains, grandfathered
from app.engines.tax.hints import Hint, OpenGain, hints, open_gains
from app.engines.tax.rules import EXEMPTIONS, MOST_SURCHARGE, RATES, STATED, label, long_from, year_of
from app.engines.tax.years import Loss, SetOff, Taxed, TaxYear, loss_of, years

__all__ = [
    "EXEMPTIONS",
    "MOST_SURCHARGE",
    "RATES",
    "STATED",
    "Gain",
    "GainKind",
    "Hint",
    "Loss",
    "OpenGain",
    "SetOff",
    "TaxYear",
    "Taxed",
    "gains",
    "grandfathered",
    "hints",
    "label",
    "long_from",
    "loss_of",
    "open_gains",
    "year_of",
    "years",
]
