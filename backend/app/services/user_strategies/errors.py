"""What can be wrong with a strategy of one's own, said with file, line and what was expected."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from app.exceptions import BacktestError, ValidationError


@dataclass(frozen=True)
class LoadError:
    """Why a file of the folder gives no strategy.

    Attributes
    ----------
    file : path inside the folder; `line` 1 for the first, None where no line is to blame
    strategy_id : as the file says, None where it says none
    message : what is wrong; `expected` : what would be right
    """

    file: str
    line: int | None
    strategy_id: str | None
    message: str
    expected: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def sentence(self) -> str:
        """In words."""
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{where}: {self.message}. Expected {self.expected}"


class StrategyNotLoaded(ValidationError):
    """A strategy was asked for whose file does not load."""

    def __init__(self, error: LoadError) -> None:
        super().__init__(
            f"The strategy {error.strategy_id} does not load. {error.sentence()}",
            "strategy_ids",
            details={name: value for name, value in error.to_dict().items() if value is not None},
        )
        self.error = error


class StrategyStopped(BacktestError):
    """A strategy of one's own raised, answered what is no answer, or was stopped at a limit.

    `reason` is one of "raised", "malformed", "time", "memory", "crash".
    """

    def __init__(
        self, message: str, *, reason: str, strategy_id: str, file: str | None = None, line: int | None = None,
        output: list[str] | None = None,
    ) -> None:  # fmt: skip
        told = {"reason": reason, "strategy_id": strategy_id, "file": file, "line": line, "output": output or None}
        super().__init__(message, details={name: value for name, value in told.items() if value is not None})
        self.reason, self.file, self.line = reason, file, line
