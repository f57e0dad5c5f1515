"""Risk policies; never commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
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
        """Every policy of a name, oldest first."""
        query = select(PortfolioPolicy).where(PortfolioPolicy.name == name).order_by(PortfolioPolicy.id)
        return list(self._session.scalars(query))

    def add(self, name: str, values: Mapping[str, Any]) -> PortfolioPolicy:
        """A new policy."""
        policy = PortfolioPolicy(name=name, **values)
        self._session.add(policy)
        self._session.flush()
        self._session.refresh(policy)
        return policy
