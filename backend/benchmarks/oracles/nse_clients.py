"""Two public clients of the exchange read our local archive: what satisfies them is shaped like the real one.

    python benchmarks/oracles/nse_clients.py [--environment DIR]

Makes an environment of its own with `nse` 5.1.0 (GPL, an oracle only) and `jugaad-data` 0.37.0, starts the simulator
with TLS under the exchange's host names and a proxy that sends every tunnel to it, and runs both clients unmodified.
Nothing leaves this machine. Needs `openssl`.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
import threading
from contextlib import suppress
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.services.nse.simulator import STOCKS, Simulator, close_on, simulated

HOSTS = ("www.nseindia.com", "nsearchives.nseindia.com", "archives.nseindia.com", "www.niftyindices.com")
DAYS = [date(2024, 7, 4), date(2024, 7, 9)]

_CHILD = """
    import csv, io, json, sys, tempfile
    from datetime import date
    day, old = date(2024, 7, 9), date(2024, 7, 4)
    found = {}
    from nse import NSE
    with NSE(tempfile.mkdtemp()) as client:
        found["nse status"] = client.status()[0]["market"]
        found["nse holidays"] = client.holidays()["CM"][0]["tradingDate"]
        found["nse actions"] = client.actions()[0]["subject"]
        for name, when in (("udiff", day), ("legacy", old)):
            rows = list(csv.DictReader(open(client.equity_bhavcopy(when))))
            found["nse " + name] = rows[0].get("ClsPric") or rows[0]["CLOSE"]
        rows = list(csv.DictReader(open(client.delivery_bhavcopy(day)), skipinitialspace=True))
        found["nse delivery"] = rows[0]["CLOSE_PRICE"]
        rows = list(csv.DictReader(open(client.indices_bhavcopy(day))))
        found["nse index"] = rows[0]["Index Name"]
        try:
            client.equity_bhavcopy(date(2024, 7, 17))
        except Exception as error:
            found["nse holiday file"] = type(error).__name__
    from jugaad_data.nse import NSELive, archives
    live = NSELive()
    found["jugaad status"] = live.market_status()["marketState"][0]["market"]
    found["jugaad holidays"] = live.holiday_list()["CM"][0]["tradingDate"]
    rows = list(csv.DictReader(io.StringIO(archives.NSEArchives().bhavcopy_raw(day))))
    found["jugaad udiff"] = rows[0]["ClsPric"]
    rows = list(csv.DictReader(io.StringIO(archives.NSEArchives().full_bhavcopy_raw(day)), skipinitialspace=True))
    found["jugaad delivery"] = rows[0]["CLOSE_PRICE"]
    json.dump(found, sys.stdout)
"""


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A test authority and the server's certificate and key, made on the spot."""
    ca, ca_key, key, request, certificate = (folder / n for n in ("ca.pem", "ca.key", "key", "request", "cert.pem"))

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority",
            "-keyout", str(ca_key), "-out", str(ca))  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={HOSTS[0]}", "-keyout", str(key),
            "-out", str(request))  # fmt: skip
    names = folder / "names"
    names.write_text("subjectAltName=" + ",".join(f"DNS:{host}" for host in HOSTS))
    openssl("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca_key), "-CAcreateserial", "-days", "2",
            "-extfile", str(names), "-out", str(certificate))  # fmt: skip
    return ca, certificate, key


def proxy(target: tuple[str, int]) -> socket.socket:
    """A proxy that answers CONNECT to any host with a tunnel to `target`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head and (part := client.recv(4096)):
                head += part
            upstream = socket.create_connection(target)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=pump, args=(client, upstream), daemon=True).start()
            threading.Thread(target=pump, args=(upstream, client), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def clients(environment: Path) -> Path:
    """The interpreter of an environment with both clients."""
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        packages = ["nse==5.1.0", "jugaad-data==0.37.0"]
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
    return python


def run(python: Path, simulator: Simulator, ca: Path, home: Path) -> dict[str, str]:
    """What the clients read."""
    port = int(simulator.base.rpartition(":")[2])
    listener = proxy(("127.0.0.1", port))
    try:
        environment = {
            **{name: value for name, value in os.environ.items() if name.upper() != "NO_PROXY"},
            "HTTPS_PROXY": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "SSL_CERT_FILE": str(ca),
            "REQUESTS_CA_BUNDLE": str(ca),
            "HOME": str(home),
        }
        done = subprocess.run(
            [str(python), "-c", textwrap.dedent(_CHILD)], env=environment, capture_output=True, text=True, timeout=180
        )
    finally:
        listener.close()
    if done.returncode:
        raise SystemExit(f"a client failed:\n{done.stderr[-3000:]}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> None:
    """Run both and compare with what the archive holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "smarttrader-nse-clients")
    asked = parser.parse_args()
    python = clients(asked.environment)
    new, old = f"{close_on(0, DAYS[1]):.2f}", str(close_on(0, DAYS[0]))
    expected = {
        "nse status": "Capital Market",
        "nse holidays": "26-Jan-2024",
        "nse actions": "Bonus 2:1",
        "nse udiff": new,
        "nse legacy": old,
        "nse delivery": new,
        "nse index": "Nifty 50",
        "jugaad status": "Capital Market",
        "jugaad holidays": "26-Jan-2024",
        "jugaad udiff": new,
        "jugaad delivery": new,
    }
    with tempfile.TemporaryDirectory() as folder:
        ca, certificate, key = certificates(Path(folder))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        with simulated(DAYS, tls, per_second=1000) as simulator:
            found = run(python, simulator, ca, Path(folder))
    for name, value in sorted({**found, **{name: found.get(name, "missing") for name in expected}}.items()):
        right = "" if name not in expected else "  as the archive has it" if expected[name] == value else "  WRONG"
        print(f"{name:<20} {value}{right}")
    if found.get("nse holiday file") is None:
        raise SystemExit("the file of a holiday was not refused")
    if wrong := [name for name, value in expected.items() if found.get(name) != value]:
        raise SystemExit(f"differs: {', '.join(wrong)}")
    print(f"Both clients read {len(expected)} answers of the local archive; first stock {STOCKS[0][0]}")


if __name__ == "__main__":
    main()
