"""Options of a run that more than one command takes, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

BarsFile = Annotated[Path | None, typer.Option(help="A CSV or Parquet file of bars instead of the stored ones.")]
Capital = Annotated[float, typer.Option(help="Rupees to begin with.")]
Costs = Annotated[str, typer.Option(help="none, bps:10, zerodha, fyers or custom.")]
BrokeragePercent = Annotated[float | None, typer.Option(help="With --costs custom: percent of an order's value.")]
BrokerageCap = Annotated[float | None, typer.Option(help="With --costs custom: most rupees an order.")]
BrokerageFlat = Annotated[float | None, typer.Option(help="With --costs custom: rupees an order.")]
Depository = Annotated[
    float | None, typer.Option(help="With --costs custom: rupees for each share and day delivered out.")
]
SlippageBps = Annotated[float, typer.Option(help="Against us, of each price.")]
VolumeCap = Annotated[float | None, typer.Option(help="Share of a bar's volume traded at most.")]
Timeframe = Annotated[
    str | None, typer.Option(help="1m, 5m, 15m, 30m, 1h or 1d (default); with --bars else read from them.")
]
Product = Annotated[
    str | None, typer.Option(help="CNC: delivery; MIS: intraday; FUT: futures as a PROXY; else the strategy's own.")
]
SettleNextSession = Annotated[
    bool, typer.Option("--settle-next-session", help="T+1: a sale pays for entries from the next session on.")
]
ImpactBps = Annotated[float, typer.Option(help="Slippage of an order as large as its bar's volume.")]
Unfilled = Annotated[str, typer.Option(help="cancel or carry what the volume cap leaves of an entry.")]
StrictActions = Annotated[
    bool, typer.Option("--strict-actions", help="Use no corporate action that became known only later.")
]
Sizes = Annotated[str, typer.Option(help="equity_per_member, equity_per_position, value:N or quantity:N.")]
MaxPositions = Annotated[int | None, typer.Option(help="Open positions at most.")]
FillAt = Annotated[str, typer.Option(help="next_open, or this_close, which labels the run.")]
PolicyName = Annotated[str | None, typer.Option(help="Name or id of a risk policy; none: unconstrained.")]
Fractional = Annotated[bool, typer.Option("--fractional", help="Shares divide; with --bars.")]
