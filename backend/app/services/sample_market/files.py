"""The sample market as the exchange would publish it: daily files in three formats, masters, indices, actions."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from app.services.sample_market import companies
from app.services.sample_market.membership import Spell
from app.services.sample_market.simulation import Market

LEGACY_UNTIL: Final = date(2024, 7, 5)  # the last day of the legacy file
UDIFF_EVERY: Final = 40  # sessions: the newest format comes now and then, beside the delivery file

_LEGACY_HEADER: Final = (
    "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,"
)
_DELIVERY_HEADER: Final = (
    "SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, "
    "TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER"
)
_UDIFF_HEADER: Final = (
    "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,"
    "FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,"
    "TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4"
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Book:
    """What the files say about a market."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.companies = companies.COMPANIES[: market.traded.shape[1]]
        self._splits = {action.company: action.session for action in market.actions if action.split}
        self.order = sorted(range(len(self.companies)), key=lambda n: self.companies[n].symbol)

    def symbol(self, n: int, t: int) -> str:
        """The symbol of company n at session t."""
        return self.former(n)[0] if t < self.market.renamed.get(n, 0) else self.companies[n].symbol

    def former(self, n: int) -> tuple[str, str]:
        """The symbol and name of a renamed company before."""
        company = self.companies[n]
        if company.symbol == companies.RENAMED:
            return companies.FORMER_SYMBOL, companies.FORMER_NAME
        return companies.former_symbol(company.symbol), companies.former_name(company.name)

    def isin(self, n: int, t: int) -> str:
        """The ISIN at session t: a split changes the face value, and with it the ISIN; a bonus does not."""
        return companies.isin(n + 1, 2 if t >= self._splits.get(n, len(self.market.sessions)) else 1)

    def price_files(self, t: int) -> Iterator[tuple[str, bytes, bool]]:
        """The daily files of session t: path, content, and whether it is zipped."""
        day = self.market.sessions[t]
        if day <= LEGACY_UNTIL:
            yield f"legacy_cm/{day.year}/cm{day:%d}{_month(day).upper()}{day.year}bhav.csv", self._legacy(t), True
            return
        yield f"sec_bhavdata_full/{day.year}/sec_bhavdata_full_{day:%d%m%Y}.csv", self._delivery(t), False
        if t % UDIFF_EVERY == 0:
            yield f"udiff_cm/BhavCopy_NSE_CM_0_0_0_{day:%Y%m%d}_F_0000.csv", self._udiff(t), True

    def _rows(self, t: int) -> list[tuple[str, int]]:
        traded = self.market.traded[t]
        return sorted((self.symbol(n, t), n) for n in self.order if traded[n])

    def _series(self, n: int, t: int) -> str:
        return "BE" if self.market.trade_for_trade[t, n] else "EQ"

    def _legacy(self, t: int) -> bytes:
        m, day = self.market, self.market.sessions[t]
        stamp = f"{day:%d}-{_month(day).upper()}-{day.year}"
        lines = [_LEGACY_HEADER]
        for symbol, n in self._rows(t):
            prices = ",".join(
                _short(int(field[t, n])) for field in (m.open, m.high, m.low, m.close, m.last, m.previous_close)
            )
            value = _short(int(m.volume[t, n]) * int(m.average[t, n]))
            lines.append(
                f"{symbol},{self._series(n, t)},{prices},{m.volume[t, n]},{value},{stamp},{m.trades[t, n]},"
                f"{self.isin(n, t)},"
            )
        return _text(lines)

    def _delivery(self, t: int) -> bytes:
        m, day = self.market, self.market.sessions[t]
        stamp = f"{day:%d}-{_month(day)}-{day.year}"
        lines = [_DELIVERY_HEADER]
        fields = [field[t].tolist() for field in (m.previous_close, m.open, m.high, m.low, m.last, m.close, m.average)]
        for symbol, n in self._rows(t):
            prices = ", ".join(_rupees(field[n]) for field in fields)
            volume, series = int(m.volume[t, n]), self._series(n, t)
            lakhs = volume * int(m.average[t, n]) / 1e7
            delivered = int(m.delivered[t, n])
            delivery = "-, -" if series == "BE" else f"{delivered}, {100 * delivered / volume:.2f}"
            lines.append(f"{symbol}, {series}, {stamp}, {prices}, {volume}, {lakhs:.2f}, {m.trades[t, n]}, {delivery}")
        return _text(lines)

    def _udiff(self, t: int) -> bytes:
        m, day = self.market, self.market.sessions[t]
        lines = [_UDIFF_HEADER]
        for symbol, n in self._rows(t):
            fields = (m.open, m.high, m.low, m.close, m.last, m.previous_close)
            prices = ",".join(_rupees(int(field[t, n])) for field in fields)
            value = _rupees(int(m.volume[t, n]) * int(m.average[t, n]))
            lines.append(
                f"{day},{day},CM,NSE,STK,{90001 + n},{self.isin(n, t)},{symbol},{self._series(n, t)},,,,,"
                f"{self.companies[n].name.upper()},{prices},,{_rupees(int(m.close[t, n]))},,,{m.volume[t, n]},{value},"
                f"{m.trades[t, n]},F1,1,,,,,"
            )
        return _text(lines)

    def equity_list(self) -> bytes:
        """EQUITY_L at the end: the delisted company is not in it any more."""
        market, final = self.market, len(self.market.sessions) - 1
        lines = [
            "SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE",
        ]
        for n in self.order:
            company = self.companies[n]
            if n in market.gone:
                continue
            listed = date(1996 + (7 * n) % 20, 1 + (5 * n) % 12, 1 + (11 * n) % 28)
            first = int(market.traded[:, n].argmax())
            if first > 0:
                listed = market.sessions[first]
            face = 10 // next((a.new for a in market.actions if a.split and a.company == n), 1)
            stamp = f"{listed:%d}-{_month(listed).upper()}-{listed.year}"
            lines.append(f"{company.symbol},{company.name},EQ,{stamp},{face},1,{self.isin(n, final)},{face}")
        return _text(lines)

    def symbol_changes(self) -> bytes:
        """symbolchange.csv: no header, a blank before the name."""
        lines = []
        for n, session in sorted(self.market.renamed.items()):
            day = self.market.sessions[session]
            symbol, name = self.former(n)
            stamp = f"{day:%d}-{_month(day).upper()}-{day.year}"
            lines.append(f" {name},{symbol},{self.companies[n].symbol},{stamp}")
        return _text(lines)

    def index_list(self, spells: Sequence[Spell], on: date) -> bytes:
        """The members of an index in force on a day, as NSE Indices lists them."""
        final = len(self.market.sessions) - 1
        inside = [s.company for s in spells if s.since <= on and (s.until is None or s.until >= on)]
        lines = ["Company Name,Industry,Symbol,Series,ISIN Code"]
        for n in sorted(inside, key=lambda n: self.companies[n].name):
            company = self.companies[n]
            lines.append(f"{company.name},{company.sector},{company.symbol},EQ,{self.isin(n, final)}")
        return _text(lines, "\r\n")

    def index_history(self, spells: Sequence[Spell], index_name: str) -> bytes:
        """The dated membership of an index, symbols as they are at the end."""
        rows = sorted((self.companies[s.company].symbol, s.since, s.until or "") for s in spells)
        lines = ["symbol,effective_from,effective_to,index_name,source,notes"]
        lines += [f"{symbol},{since},{until},{index_name},sample_generator," for symbol, since, until in rows]
        return _text(lines)

    def corporate_actions(self) -> bytes:
        """Splits and bonuses in the exchange's words; the column Multiplier is cumulative from `From` on."""
        market = self.market
        since = date(market.sessions[0].year - 1, 12, 31)
        lines = ["Symbol,Series,Face Value,Purpose,From,Ex-date,Multiplier"]
        listed = [action for action in market.actions if action.listed]
        for action in sorted(listed, key=lambda a: self.companies[a.company].symbol):
            face = 10 * action.old // action.new if action.split else 10
            rupees = "Rs" if face > 1 else "Re"
            purpose = (
                f"Face Value Split (Sub-Division) - From Rs 10/- Per Share To {rupees} {face}/- Per Share"
                if action.split
                else f"Bonus {action.new - action.old}:{action.old}"
            )
            day = market.sessions[action.session]
            lines.append(
                f"{self.companies[action.company].symbol},EQ,{face},{purpose},"
                f"{_day_month(since)},{_day_month(day)},{action.new / action.old:g}"
            )
        return _text(lines, "\r\n")


def write(path: Path, content: bytes, day: date | None = None) -> Path:
    """Write a file, inside a zip of its name when `day` is given. The same content gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if day is None:
        path.write_bytes(content)
        return path
    archive = path.with_name(f"{path.name}.zip")
    entry = zipfile.ZipInfo(path.name, (day.year, day.month, day.day, 18, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # the same bytes on every system
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(entry, content)
    return archive


def _text(lines: Sequence[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode("ascii")


def _month(day: date) -> str:
    # not strftime: month names would follow the machine's language
    return _MONTHS[day.month - 1]


def _day_month(day: date) -> str:
    return f"{day:%d}-{_month(day)}-{day:%y}"


def _rupees(paise: int) -> str:
    return f"{paise // 100}.{paise % 100:02d}"


def _short(paise: int) -> str:
    """Rupees without needless zeros, as in the legacy file."""
    text = _rupees(paise)
    return text.rstrip("0").rstrip(".")
