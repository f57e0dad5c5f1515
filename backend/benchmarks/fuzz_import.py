"""A long run of damaged files against the readers and the database.

    python benchmarks/fuzz_import.py --minutes 10 [--seed 0] [--data FOLDER]

Without a folder the files of the sample market are damaged. Needs the developers' packages; takes a database of its own
on a temporary embedded server. The first failure ends the run and names its seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import create_engine

from app.embedded_postgres import EmbeddedPostgres
from app.schema import upgrade
from app.services.importing.findings import FileRefusedError, FileSkippedError
from app.services.importing.reading import parse
from app.services.sample_market import generate_small
from tests.services.importing.mutations import damaged, seeds
from tests.services.importing.test_fuzz import check_storing

BATCH = 200


def main() -> None:
    """Damage, read and store until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    outcomes: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = arguments.data or generate_small(home / "market").directory
        members = seeds(folder)
        print(f"{len(members)} files of {len({m.name for m in members})} names", flush=True)
        until = time.monotonic() + 60 * arguments.minutes
        with EmbeddedPostgres(home / "server").acquire() as lease:
            engine = create_engine(lease.url("fuzz"))
            admin = create_engine(lease.url("postgres"), isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.exec_driver_sql("CREATE DATABASE fuzz")
            upgrade(engine)
            seed = arguments.seed
            while time.monotonic() < until:
                for how, member in damaged(random.Random(seed), members, BATCH):
                    parsed = parse(member)
                    if isinstance(parsed, FileRefusedError):
                        outcomes[parsed.finding.rule.value] += 1
                        message = parsed.finding.message
                        if "it could not be read (" in message or member.name not in message:
                            failures[f"seed {seed} {how} {member.name}: {message[:200]}"] += 1
                    else:
                        outcomes["skipped" if isinstance(parsed, FileSkippedError) else "read"] += 1
                check_storing(engine, members, home / f"batch{seed}", seed, BATCH // 4)
                seed += 1
                print(f"seed {seed}: {sum(outcomes.values()):,} read, {sum(failures.values())} failures", flush=True)
            engine.dispose()
            admin.dispose()
    for outcome, count in outcomes.most_common():
        print(f"{count:8,} {outcome}")
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
