"""A local stand-in for the exchange's archives: the same paths, manners and faults, generated prices."""

from __future__ import annotations

import io
import json
import ssl
import threading
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.engines import calendar

STOCKS = (
    ("AARAVTEX", "INE901A01011", 120.0),
    ("BHOOMIAGRO", "INE902A01019", 845.5),
    ("CHANDRASW", "INE903A01017", 61.25),
)
BLOCK_PAGE = b"<html><body>Access Restricted: too many requests per second, try again after 10 minutes</body></html>"
MISSING_PAGE = b"<!DOCTYPE html><html><body>Resource not found</body></html>"


def close_on(stock: int, day: date) -> float:
    """The close of a stock on a day: a slow wave, the same whoever asks."""
    base = STOCKS[stock][2]
    return round(base * (1 + 0.002 * ((day.toordinal() * (stock + 3)) % 17 - 8)), 2)


def _rows(day: date) -> list[tuple[str, str, float, float, float, float, float, int]]:
    before = calendar.previous_session(day)
    found = []
    for n, (symbol, isin, _) in enumerate(STOCKS):
        close, previous = close_on(n, day), close_on(n, before)
        high, low = round(max(close, previous) * 1.01, 2), round(min(close, previous) * 0.99, 2)
        found.append((symbol, isin, previous, high, low, close, previous, 10_000 * (n + 1) + day.day))
    return found


def udiff(day: date) -> bytes:
    """The day's file since July 2024, as CSV."""
    header = (
        "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,"
        "FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,"
        "ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4"
    )
    lines = [header]
    for n, (symbol, isin, o, h, low, c, p, v) in enumerate(_rows(day)):
        lines.append(
            f"{day},{day},CM,NSE,STK,{9000 + n},{isin},{symbol},EQ,,,,,{symbol} LTD,{o:.2f},{h:.2f},{low:.2f},"
            f"{c:.2f},{c:.2f},{p:.2f},,{c:.2f},,,{v},{v * c:.2f},{v // 10},F1,1,,,,,"
        )
    return ("\n".join(lines) + "\n").encode()


def legacy(day: date) -> bytes:
    """The day's file until July 2024, as CSV."""
    lines = ["SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,"]
    for symbol, isin, o, h, low, c, p, v in _rows(day):
        stamp = f"{day:%d-%b-%Y}".upper()
        lines.append(f"{symbol},EQ,{o},{h},{low},{c},{c},{p},{v},{v * c:.2f},{stamp},{v // 10},{isin},")
    return ("\n".join(lines) + "\n").encode()


def delivery(day: date) -> bytes:
    """The day's file with deliveries."""
    lines = [
        "SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, "
        "TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER"
    ]
    for symbol, _, o, h, low, c, p, v in _rows(day):
        lines.append(
            f"{symbol}, EQ, {day:%d-%b-%Y}, {p:.2f}, {o:.2f}, {h:.2f}, {low:.2f}, {c:.2f}, {c:.2f}, {c:.2f}, {v}, "
            f"{v * c / 1e5:.2f}, {v // 10}, {v // 2}, 50.00"
        )
    return ("\n".join(lines) + "\n").encode()


def index_close(day: date) -> bytes:
    """The day's closing levels of the indices."""
    level = 20_000 + day.toordinal() % 500
    return (
        "Index Name,Index Date,Open Index Value,High Index Value,Low Index Value,Closing Index Value,Points Change,"
        "Change(%),Volume,Turnover (Rs. Cr.),P/E,P/B,Div Yield\n"
        f"Nifty 50,{day:%d-%m-%Y},{level}.1,{level + 80}.55,{level - 60}.25,{level + 10}.4,-19.6,-.08,240000,18900.25,"
        "22.56,2.8,1.22\n"
        f"India VIX,{day:%d-%m-%Y},12.5,12.9,11.8,12.1,-.4,-3.2,-,-,-,-,-\n"
    ).encode()


def equity_list() -> bytes:
    """All listed shares."""
    lines = ["SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE"]
    lines += [f"{symbol},{symbol.title()} Limited,EQ,01-MAR-2005,10,1,{isin},10" for symbol, isin, _ in STOCKS]
    return ("\n".join(lines) + "\n").encode()


def members(size: int) -> bytes:
    """An index's members today: the traded stocks and others of which nothing else is known."""
    lines = ["Company Name,Industry,Symbol,Series,ISIN Code"]
    lines += [f"{symbol.title()} Limited,Textiles,{symbol},EQ,{isin}" for symbol, isin, _ in STOCKS]
    lines += [f"Fiction {n} Limited,Textiles,FICTION{n},EQ,INE{n:03d}X01017" for n in range(size - len(STOCKS))]
    return ("\n".join(lines) + "\n").encode()


def website(days: list[date]) -> dict[str, object]:
    """The website's JSON answers by path; they want a cookie first."""
    last = max(days)
    holidays = [
        {"tradingDate": f"{day:%d-%b-%Y}", "weekDay": f"{day:%A}", "description": "Holiday", "Sr_no": 1}
        for day in (date(last.year, 1, 26), date(last.year, 8, 15))
    ]
    return {
        "/api/marketStatus": {
            "marketState": [
                {
                    "market": "Capital Market",
                    "marketStatus": "Close",
                    "tradeDate": f"{last:%d-%b-%Y} 15:30",
                    "index": "NIFTY 50",
                    "last": 20010.4,
                    "variation": -19.6,
                    "percentChange": -0.08,
                    "marketStatusMessage": "Market is Closed",
                }
            ]
        },
        "/api/holiday-master": {"CM": holidays, "FO": holidays},
        "/api/corporates-corporateActions": [
            {
                "symbol": STOCKS[0][0],
                "series": "EQ",
                "ind": "-",
                "faceVal": "10",
                "subject": "Bonus 2:1",
                "exDate": f"{last:%d-%b-%Y}",
                "recDate": f"{last:%d-%b-%Y}",
                "bcStartDate": "-",
                "bcEndDate": "-",
                "ndStartDate": "-",
                "comp": f"{STOCKS[0][0].title()} Limited",
                "isin": STOCKS[0][1],
                "ndEndDate": "-",
                "caBroadcastDate": None,
            }
        ],
    }


def zipped(name: str, content: bytes) -> bytes:
    """A zip of one file, the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def archive_files(days: list[date]) -> dict[str, tuple[str, bytes]]:
    """Path → (content type, body) of all files of the days, and of today's lists."""
    found: dict[str, tuple[str, bytes]] = {
        "/content/equities/EQUITY_L.csv": ("text/csv", equity_list()),
        **{f"/content/indices/ind_nifty{n}list.csv": ("text/csv", members(n)) for n in (50, 100, 200, 500)},
    }
    for day in days:
        dmy, month = f"{day:%d%m%Y}", f"{day:%b}".upper()
        found[f"/products/content/sec_bhavdata_full_{dmy}.csv"] = ("text/csv", delivery(day))
        found[f"/content/indices/ind_close_all_{dmy}.csv"] = ("text/csv", index_close(day))
        if day >= date(2024, 7, 8):
            name = f"BhavCopy_NSE_CM_0_0_0_{day:%Y%m%d}_F_0000.csv"
            found[f"/content/cm/{name}.zip"] = ("application/zip", zipped(name, udiff(day)))
        else:
            name = f"cm{day:%d}{month}{day:%Y}bhav.csv"
            path = f"/content/historical/EQUITIES/{day:%Y}/{month}/{name}.zip"
            found[path] = ("application/zip", zipped(name, legacy(day)))
    return found


@dataclass
class Simulator:
    """The server's files, faults and log. `faults` maps a path to what happens to the next requests for it."""

    files: dict[str, tuple[str, bytes]]
    pages: dict[str, object] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    per_second: int = 3
    block_seconds: float = 600.0
    log: list[tuple[str, int]] = field(default_factory=list)
    base: str = ""
    clock: Callable[[], float] = time.monotonic
    _recent: deque[float] = field(default_factory=deque)
    _blocked_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(1 for one, _ in self.log if one == path)

    def answer(self, path: str, agent: str, cookie: str = "") -> tuple[int, dict[str, str], bytes, str]:
        """Status, headers, body and fault of one request."""
        with self._lock:
            now = self.clock()
            while self._recent and now - self._recent[0] > 1.0:
                self._recent.popleft()
            self._recent.append(now)
            if len(self._recent) > self.per_second:
                self._blocked_until = now + self.block_seconds
            if now < self._blocked_until:
                return 403, {"Content-Type": "text/html"}, BLOCK_PAGE, ""
            fault = self.faults[path].pop(0) if self.faults.get(path) else ""
        if not agent.startswith("Mozilla/5.0"):
            return 0, {}, b"", "reset"
        if fault == "403":
            return 403, {"Content-Type": "text/html"}, BLOCK_PAGE, ""
        if fault == "429":
            return 429, {"Content-Type": "text/html", "Retry-After": "1200"}, BLOCK_PAGE, ""
        if fault == "503":
            return 503, {"Content-Type": "text/html"}, b"busy", ""
        if fault == "html":
            return 200, {"Content-Type": "text/html; charset=utf-8"}, MISSING_PAGE, ""
        if path in {"/option-chain", "/get-quotes/equity"}:
            cookies = {"Set-Cookie": "nsit=one; Path=/; Domain=nseindia.com", "set-cookie": "nseappid=two; Path=/"}
            return 200, {"Content-Type": "text/html", **cookies}, b"<html></html>", ""
        if path in self.pages:
            if "nseappid" not in cookie:
                return 401, {"Content-Type": "text/html"}, b"<html></html>", ""
            return 200, {"Content-Type": "application/json"}, json.dumps(self.pages[path]).encode(), ""
        if path not in self.files:
            return 404, {"Content-Type": "text/html"}, MISSING_PAGE, ""
        kind, body = self.files[path]
        if fault == "damaged":
            return 200, {"Content-Type": kind}, body[: len(body) // 2], ""
        return 200, {"Content-Type": kind}, body, fault


@contextmanager
def simulated(days: list[date], tls: ssl.SSLContext | None = None, **options: object) -> Iterator[Simulator]:
    """A running server, stopped at the end."""
    simulator = Simulator(archive_files(days), website(days), **options)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            status, headers, body, fault = simulator.answer(
                path, self.headers.get("User-Agent", ""), self.headers.get("Cookie", "")
            )
            simulator.log.append((path, status))
            if fault == "reset":
                self.close_connection = True
                self.connection.close()
                return
            if fault == "hang":
                time.sleep(1.5)
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault == "truncated":
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            elif fault == "slow":
                try:
                    for n in range(0, len(body), max(len(body) // 20, 1)):
                        self.wfile.write(body[n : n + max(len(body) // 20, 1)])
                        self.wfile.flush()
                        time.sleep(0.1)
                except OSError:
                    self.close_connection = True
            else:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the log is `simulator.log`."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that gave up is what the faults are for."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    simulator.base = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield simulator
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
