"""Every point of a sweep as a file: CSV, Parquet or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from app.database import Market
from app.engines.sweeps.evaluate import METRICS
from app.services.run_tables import written
from app.services.sweeps.reading import WHOLE, Found, point_told, universe_of

ENDINGS: Final = (".csv", ".parquet", ".json")


@dataclass(frozen=True, eq=False)
class EveryPoint:
    """All points of a sweep that are worked out, column by column.

    `params` [points of a base] by the name of each parameter that varies; `values` [points, METRICS], NaN undefined;
    `there` [points]; `failures` why a point failed, by number.
    """

    sweep_id: str
    bases: Sequence[Mapping[str, Any]]  # specifications of the runs, as plain values
    params: Mapping[str, NDArray[np.generic]]
    values: NDArray[np.float64]
    there: NDArray[np.bool_]
    failures: Mapping[int, str]
    sample: bool = False  # of the generated market

    @classmethod
    def of(cls, found: Found, market: Market) -> EveryPoint:
        """Those of a stored sweep."""
        params = {name: np.array(values)[found.axes[name]] for name, values in found.grid.items()}
        bases = found.spec["bases"]
        sample = market is Market.SAMPLE
        return cls(found.sweep.sweep_id, bases, params, found.values, found.there, found.failures, sample)

    @property
    def _numbers(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.there)

    def rows(self) -> list[dict[str, Any]]:
        """As the API tells points."""
        each = self.values.shape[0] // len(self.bases)
        params = {name: values.tolist() for name, values in self.params.items()}
        found = []
        for number in self._numbers.tolist():
            its = {name: values[number % each] for name, values in params.items()}
            found.append(point_told(number, number // each, its, self.values[number], self.failures.get(number)))
        return found

    def table(self) -> pa.Table:
        """A row a point: its number, universe and period, its parameters (`param_…`), its measures, why it failed.

        Fractions are fractions, money is rupees; what is undefined is null. Of the generated market each row says
        SAMPLE in a column `market`.
        """
        numbers, each = self._numbers, self.values.shape[0] // len(self.bases)
        bases = (numbers // each).tolist()
        columns: dict[str, pa.Array] = {
            "number": pa.array(numbers),
            "universe": pa.array([universe_of(self.bases[base]) for base in bases], pa.string()),
            "start_date": pa.array([self.bases[base]["start"] for base in bases], pa.string()),
            "end_date": pa.array([self.bases[base]["end"] for base in bases], pa.string()),
        }
        columns |= {f"param_{name}": pa.array(values[numbers % each]) for name, values in self.params.items()}
        for at, name in enumerate(METRICS):
            values = pa.array(self.values[numbers, at], from_pandas=True)  # NaN is null
            columns[name] = values.cast(pa.int64()) if name in WHOLE else values
        columns["failed"] = pa.array([self.failures.get(number) for number in numbers.tolist()], pa.string())
        if self.sample:
            columns["market"] = pa.array([Market.SAMPLE.mark] * len(bases), pa.string())
        return pa.table(columns).replace_schema_metadata({"sweep_id": self.sweep_id})

    def written(self, file: Path) -> bytes:
        """The bytes of a file, by its ending: one of ENDINGS."""
        kind = file.suffix.lower()
        if kind == ".json":
            return orjson.dumps({"sweep_id": self.sweep_id, "points": self.rows()}, option=orjson.OPT_INDENT_2)
        return written(self.table(), "csv" if kind == ".csv" else "parquet")
