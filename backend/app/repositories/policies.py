"""Risk policies; never commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.models import PortfolioPolicy


class PolicyRepository:
    """Rows of `portfolio_policies`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[PortfolioPolicy]:
        """Every policy, oldest first."""
        return list(self._session.scalars(select(PortfolioPolicy).order_by(PortfolioPolicy.id)))

    def get(self, policy_id: int) -> PortfolioPolicy | None:
        """The policy of an id."""
        return self._session.get(PortfolioPolicy, policy_id)

    def named(self, name: str) -> list[PortfolioPolicy]:
        """Every policy of a name, in capitals or not, oldest first; since names are taken once only, one at most."""
        same = func.lower(PortfolioPolicy.name) == func.lower(name)
        query = select(PortfolioPolicy).where(same).order_by(PortfolioPolicy.id)
        return list(self._session.scalars(query))

    def lock(self) -> None:
        """Let nobody else write a policy down until this transaction ends: a name is looked for, then taken."""
        self._session.execute(text("LOCK TABLE portfolio_policies IN SHARE ROW EXCLUSIVE MODE"))

    def add(self, name: str, values: Mapping[str, Any]) -> PortfolioPolicy:
        """A new policy."""
        policy = PortfolioPolicy(name=name, **values)
        self._session.add(policy)
        self._session.flush()
        self._session.refresh(policy)
        return policy
