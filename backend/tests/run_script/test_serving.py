"""The server that run.py starts, with a small one in its place."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from launcher import serve  # noqa: E402
from launcher.steps import StepFailed  # noqa: E402

LITTLE_SERVER = """#!{python}
import http.server, json, sys, time
if sys.argv[0].endswith("broken"):
    print("no such table: prices", flush=True)
    raise SystemExit(7)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({{"status": "ok", "path": self.path}}).encode())
    def log_message(self, *arguments):
        pass
host, port = sys.argv[sys.argv.index("--host") + 1], int(sys.argv[sys.argv.index("--port") + 1])
try:
    http.server.HTTPServer((host, port), Handler).serve_forever()
except KeyboardInterrupt:
    print("the little server closed its books", flush=True)
"""

DRIVER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from launcher import main, serve
serve.SMARTTRADER = Path(sys.argv[2])
try:
    sys.exit(serve.serve("127.0.0.1", int(sys.argv[3]), browser=False, began=time.monotonic()))
except main.StepFailed as failure:
    print(failure)
    sys.exit(1)
"""


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def drive(folder: Path, name: str, port: int) -> "subprocess.Popen[str]":
    program = folder / name
    program.write_text(LITTLE_SERVER.format(python=sys.executable))
    program.chmod(0o755)
    command = [sys.executable, "-c", DRIVER, str(ROOT), str(program), str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and scripts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_when_told_to_stop_the_server_is_let_to_close_its_books(tmp_path: Path, free_port: int, number: int) -> None:
    running = drive(tmp_path, "smarttrader", free_port)
    assert running.stdout is not None
    said = [running.stdout.readline(), running.stdout.readline()]
    assert f"ready at http://127.0.0.1:{free_port}" in said[1]
    with pytest.raises(StepFailed, match=f"port {free_port}") as caught:
        serve.check_port("127.0.0.1", free_port)
    assert caught.value.why == "SmartTrader is running there already"
    running.send_signal(number)
    rest, _ = running.communicate(timeout=20)
    assert running.returncode == 0
    assert "the little server closed its books" in rest
    serve.check_port("127.0.0.1", free_port)  # it was given back


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX scripts")
def test_a_server_that_ends_at_once_is_a_failure_with_its_words_above(tmp_path: Path, free_port: int) -> None:
    running = drive(tmp_path, "broken", free_port)
    said, _ = running.communicate(timeout=20)
    assert running.returncode == 1
    assert said.index("no such table: prices") < said.index("the server did not start")
    assert "exit code 7" in said
