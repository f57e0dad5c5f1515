"""Write the API's contract to `frontend/openapi.json`, or with `--check` fail when the file there is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.main import create_app
from app.settings import Settings

TARGET = Path(__file__).resolve().parents[2] / "frontend" / "openapi.json"


def main() -> int:
    """Write or check; 1 when a check fails."""
    contract = json.dumps(create_app(Settings()).openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if "--check" in sys.argv[1:]:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != contract:
            print(f"{TARGET.name} is stale: run python backend/scripts/export_openapi.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(contract, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
