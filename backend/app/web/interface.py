"""The built interface, served beside the API on one port."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>SmartTrader</title>
<body style="font:16px system-ui;max-width:40rem;margin:10vh auto;padding:0 1rem">
<h1>The interface is not built</h1>
<p>The API works, but the folder <code>{folder}</code> does not exist. <code>python3 run.py</code> builds it, or
<code>cd frontend &amp;&amp; npm install &amp;&amp; npm run dev</code> serves it on port 3000.</p></body></html>"""


# pages run workers of this server alone, and no other page shows them in a frame; a worker talks to this server alone
_PAGE_POLICY = "worker-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
_WORKER_POLICY = "default-src 'none'; connect-src 'self'"
WORKER = "sw.js"


class Interface(StaticFiles):
    """Static export of the interface: hashed assets are kept for a year, pages are checked each time."""

    def __init__(self, directory: Path) -> None:
        self._built = directory.is_dir()
        super().__init__(directory=directory, html=True, check_dir=False)
        self._folder = directory
        self.config_checked = True  # a folder that is not there yet is said in the answer, and may come later

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file; 404 as JSON under `/api`, as the interface's own page elsewhere."""
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404)
        if not self._folder.is_dir():
            return HTMLResponse(_MISSING.format(folder=self._folder.name), status_code=503)
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405)
        response = await super().get_response(path, scope)
        immutable = path.startswith("_next/static/")
        response.headers["Content-Security-Policy"] = _WORKER_POLICY if path == WORKER else _PAGE_POLICY
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        return response
