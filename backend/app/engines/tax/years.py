"""Gains by financial year: losses set off, the exemption used, losses carried on, the tax estimated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.engines.ledger import ZERO
from app.engines.tax.gains import Gain, GainKind
from app.engines.tax.rules import CAPITAL_YEARS, CESS_PERCENT, SPECULATIVE_YEARS, exemption_of, year_of


@dataclass(frozen=True, slots=True)
class Loss:
    """What is left of a year's loss; `until` is the last financial year in which it counts."""

    kind: GainKind
    year: int
    amount: Decimal
    until: int


@dataclass(frozen=True, slots=True)
class SetOff:
    """A loss of a year against gains of a kind at a rate."""

    loss: GainKind
    of_year: int
    against: GainKind
    rate_percent: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Taxed:
    """Gains that are left of a kind, and what is taxed of them after the exemption."""

    kind: GainKind
    rate_percent: Decimal | None
    left: Decimal
    exempt: Decimal

    @property
    def amount(self) -> Decimal:
        """What is taxed."""
        return self.left - self.exempt

    @property
    def tax(self) -> Decimal | None:
        """Rupees before the cess; None where the rate is not known."""
        return None if self.rate_percent is None else self.amount * self.rate_percent / 100


@dataclass(slots=True)
class TaxYear:
    """A financial year, named by the calendar year it begins in."""

    year: int
    gains: list[Gain] = field(default_factory=list)
    surcharge_percent: Decimal = ZERO  # of the tax, by the person's income
    set_off: list[SetOff] = field(default_factory=list)
    taxed: list[Taxed] = field(default_factory=list)
    exemption: Decimal = ZERO
    brought: list[Loss] = field(default_factory=list)
    carried: list[Loss] = field(default_factory=list)
    lapsed: list[Loss] = field(default_factory=list)

    @property
    def exemption_used(self) -> Decimal:
        """Rupees of long-term gains left untaxed."""
        return sum((one.exempt for one in self.taxed), ZERO)

    @property
    def tax(self) -> Decimal:
        """Rupees on capital gains, before the surcharge and the cess."""
        return sum((one.tax for one in self.taxed if one.tax is not None), ZERO)

    @property
    def surcharge(self) -> Decimal:
        """Rupees."""
        return self.tax * self.surcharge_percent / 100

    @property
    def cess(self) -> Decimal:
        """Rupees, on the tax and the surcharge."""
        return (self.tax + self.surcharge) * CESS_PERCENT / 100

    @property
    def total(self) -> Decimal:
        """Rupees of tax, surcharge and cess."""
        return self.tax + self.surcharge + self.cess

    def net(self, kind: GainKind) -> tuple[Decimal, Decimal]:
        """Gains and losses of a kind, both zero or more."""
        sums = [one.gain for one in self.gains if one.kind is kind]
        return sum((one for one in sums if one > 0), ZERO), -sum((one for one in sums if one < 0), ZERO)


def years(
    gains: Iterable[Gain], until: int, *, earlier: Sequence[Loss] = (), surcharge_percent: Decimal = ZERO
) -> list[TaxYear]:
    """Every financial year from the first sale to `until`, oldest first: a loss is carried from one to the next.

    Parameters
    ----------
    earlier : losses that the gains do not hold, made before or elsewhere, as far as they were unused at the end of
        their year; each counts from the next year on
    surcharge_percent : of the tax, in every year
    """
    by_year: dict[int, list[Gain]] = {}
    for gain in gains:
        by_year.setdefault(year_of(gain.sale.sold), []).append(gain)
    first = min([*by_year, *(loss.year + 1 for loss in earlier), until])
    out: list[TaxYear] = []
    carried: list[Loss] = []
    for year in range(first, max([until, *by_year]) + 1):
        brought = [*carried, *(loss for loss in earlier if loss.year + 1 == year)]
        one = _year(year, by_year.get(year, []), brought, surcharge_percent)
        carried = one.carried
        out.append(one)
    return out


def loss_of(kind: GainKind, year: int, amount: Decimal) -> Loss:
    """A loss of a financial year with the last one in which it counts."""
    return Loss(kind, year, amount, year + (SPECULATIVE_YEARS if kind is GainKind.SPECULATIVE else CAPITAL_YEARS))


def _year(year: int, gains: list[Gain], brought: list[Loss], surcharge_percent: Decimal) -> TaxYear:
    """Losses of the year first, then those brought forward, oldest first; the higher rate first."""
    out = TaxYear(year, gains, surcharge_percent, brought=list(brought), exemption=exemption_of(year).amount)
    left: dict[tuple[GainKind, Decimal | None], Decimal] = {}
    own: dict[GainKind, Decimal] = {}
    for one in gains:
        if one.kind is GainKind.UNKNOWN:
            continue
        if one.gain >= 0:
            left[one.kind, one.rate_percent] = left.get((one.kind, one.rate_percent), ZERO) + one.gain
        elif one.rate_percent != 0:  # a loss where gains are exempt counts for nothing
            own[one.kind] = own.get(one.kind, ZERO) - one.gain
    losses = [loss_of(kind, year, amount) for kind, amount in sorted(own.items())]
    out.carried = []
    for loss in [*losses, *sorted(brought, key=lambda loss: (loss.year, loss.kind))]:
        rest = loss.amount
        for against in _AGAINST[loss.kind]:
            for key in sorted((key for key in left if key[0] is against), key=lambda key: -(key[1] or ZERO)):
                amount = min(rest, left[key])
                # a gain that is not taxed at all takes no loss away
                if amount > 0 and key[1] != 0:
                    left[key] -= amount
                    rest -= amount
                    out.set_off.append(SetOff(loss.kind, loss.year, against, key[1], amount))
        if rest > 0:
            kept = Loss(loss.kind, loss.year, rest, loss.until)
            (out.carried if loss.until > year else out.lapsed).append(kept)
    free = out.exemption
    for kind, rate in sorted(left, key=lambda key: (key[0], -(key[1] or ZERO))):
        amount = left[kind, rate]
        exempt = ZERO
        if kind is GainKind.LONG:
            exempt = amount if rate == 0 else min(free, amount)
            free -= exempt if rate != 0 else ZERO
        out.taxed.append(Taxed(kind, rate, amount, exempt))
    return out


_AGAINST = {
    GainKind.SHORT: (GainKind.SHORT, GainKind.LONG),
    GainKind.LONG: (GainKind.LONG,),
    GainKind.SPECULATIVE: (GainKind.SPECULATIVE,),
}
