"""The `smarttrader` command: what the interface does, from a terminal."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands import (
    actions,
    alerts,
    backtest,
    bars,
    costs,
    fundamentals,
    identity,
    imports,
    members,
    metrics,
    policy,
    portfolio,
    proof,
    runs,
    screen,
    status,
    strategy,
    sweep,
    sync,
    verify,
    walkforward,
)
from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json, tell_watched

if TYPE_CHECKING:
    from app.services.importing.summary import ImportSummary

app = typer.Typer(
    help="SmartTrader, from a terminal.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
data_app = typer.Typer(help="Market data: import, status, findings, the sample market.", no_args_is_help=True)
database_app = typer.Typer(help="The database.", no_args_is_help=True)
strategy_app = typer.Typer(help="Strategies.", no_args_is_help=True)
policy_app = typer.Typer(help="Risk policies.", no_args_is_help=True)
portfolio_app = typer.Typer(help="Portfolios of stocks.", no_args_is_help=True)
alerts_app = typer.Typer(help="Mail and notifications about watched screens.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(strategy_app, name="strategy")
app.add_typer(policy_app, name="policy")
app.add_typer(portfolio_app, name="portfolio")
app.add_typer(alerts_app, name="alerts")
app.add_typer(database_app, name="db")
status.register(data_app)
actions.register(data_app)
bars.register(data_app)
sync.register(data_app)
costs.register(app)
screen.register(app)
backtest.register(app)
sweep.register(app)
walkforward.register(app)
metrics.register(app)
runs.register(app)
members.register(data_app)
fundamentals.register(data_app)
identity.register(data_app)
imports.register(data_app)
verify.register(data_app)
strategy.register(strategy_app)
proof.register(strategy_app)
policy.register(policy_app)
portfolio.register(portfolio_app)
alerts.register(alerts_app)


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(envvar="SMARTTRADER_HOST", help="Address to listen on; only this machine is allowed.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="SMARTTRADER_PORT", min=1, max=65535)] = 8000,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "warning",
) -> None:
    """Serve the interface and the API on one port."""
    import uvicorn

    from app.web.guards import LOCAL_NAMES
    from app.web.protocol import Protocol

    if host not in {"127.0.0.1", "localhost", "::1"}:
        fail(
            f"--host {host} would let other machines in, and there are no accounts yet to keep strangers out. "
            f"Allowed: {', '.join(sorted(name.strip('[]') for name in LOCAL_NAMES))}"
        )
    if log_level.lower() not in {"debug", "info", "warning", "error", "critical"}:
        fail(f"--log-level {log_level} is none: choose debug, info, warning, error or critical")
    _check_home_and_port(host, port)
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run("app.main:app", host=host, port=port, log_level=log_level.lower(), access_log=False, http=Protocol)


def _check_home_and_port(host: str, port: int) -> None:
    """Say in one sentence what would otherwise stop the server half way: a home or a port that cannot be had."""
    import socket
    import tempfile

    from app.settings import get_settings

    home = get_settings().home
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        fail(f"{home} cannot be the home of SmartTrader: {error.strerror}. Set SMARTTRADER_HOME to a folder of yours")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            fail(f"Port {port} of {host} cannot be had: {error.strerror}. Choose another one with --port")


@app.command("warm-up")
def warm_up() -> None:
    """Compile the engine's kernels, so that the first backtest does not wait for it."""
    from app.services.kernels import warm_up as compile_kernels

    print(f"Kernels ready in {compile_kernels():.1f} s")


@database_app.command("upgrade")
def upgrade_database(sample: SampleFlag = False) -> None:
    """Bring the database to the current schema."""
    from app.schema import head_revision

    with open_platform() as platform:
        platform.database.migrate(chosen_market(sample))
        print(f"The database is at schema {head_revision()}")


@data_app.command("import")
def import_data(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders; folders are searched through.")],
    as_json: JsonFlag = False,
) -> None:
    """Import exchange files. Exit code 1 when a file was refused, or a path named here cannot be imported."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.percentage:>3.0f}%"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with open_platform() as platform, Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Looking at files", total=1.0)
        summary = platform.data.load(
            chosen_market(False),
            paths,
            progress=lambda fraction, message: bar.update(task, completed=fraction, description=message),
            cancelled=lambda: False,
            strict_paths=True,
        )
        tell_watched(platform, chosen_market(False))
    if as_json:
        print_json(summary.to_dict())
    else:
        _print_summary(summary)
    raise typer.Exit(summary.exit_code)


@data_app.command("sample")
def sample_data(
    show: Annotated[
        bool | None,
        typer.Option("--show/--no-show", help="Show it on every page; without a word, if no other market is."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the sample market in a database of its own. Pages go over to it where there are no real prices to show."""
    from app.database import Market

    with open_platform() as platform:
        summary = platform.data.load_sample(lambda _fraction, _message: None)
        shown = not platform.data.ready(Market.REAL) if show is None else show
        if shown:
            with platform.database.transaction(Market.REAL) as session:
                platform.data.choose_market(session, Market.SAMPLE)
    told = (
        "Every page shows the sample market now; `smarttrader data market real` goes back."
        if shown
        else "Pages show the real market as before; `smarttrader data market sample` shows this one."
    )
    print(told, file=sys.stderr)
    if as_json:
        print_json(summary.to_dict())
    else:
        _print_summary(summary)
    raise typer.Exit(summary.exit_code)


@data_app.command("market")
def market_shown(
    market: Annotated[str | None, typer.Argument(help="real or sample; without it, which one is shown.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Which market every page shows, and which have data; or show another one. Commands take --sample instead."""
    from app.database import Market

    if market is not None and market not in set(Market):
        fail(f"{market!r} is no market: choose real or sample")
    with open_platform() as platform, platform.database.transaction(Market.REAL) as session:
        if market is not None:
            platform.data.choose_market(session, Market(market))
        choice = platform.data.market_choice(session)
    if as_json:
        print_json(choice)
        return
    have = [name for name in ("real", "sample") if choice[f"{name}_ready"]]
    print(f"Pages show the {choice['market']} market. With data: {', '.join(have) or 'none'}")


def _print_summary(summary: ImportSummary) -> None:
    for line in summary.lines():
        print(line)


def main() -> None:
    """Entry point: errors made for people are printed as one sentence, with exit code 1."""
    from pydantic import ValidationError
    from sqlalchemy.exc import OperationalError

    from app.embedded_postgres import EmbeddedPostgresError
    from app.exceptions import SmartTraderException

    try:
        app()
    except SmartTraderException as error:
        print(error.message, file=sys.stderr)
        sys.exit(1)
    except EmbeddedPostgresError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except ValidationError as error:
        for problem in error.errors():
            print(f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}", file=sys.stderr)
        sys.exit(1)
    except OperationalError as error:
        print(f"The database does not answer: {str(error.orig).splitlines()[0]}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"{error.filename or 'A file'}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
