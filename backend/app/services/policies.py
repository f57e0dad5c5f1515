"""Risk policies: written down once, checked, found by id or name, and given to runs by their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.orm import Session

from app.engines.policy import Policy
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.models import PortfolioPolicy
from app.repositories.policies import PolicyRepository

NONE: Final = "none"  # in place of a name: unconstrained
LONGEST_NAME: Final = 200
DECIMALS: Final = 4  # of a percentage, as they are stored


class PolicyService:
    """The policies of the owner; they live beside jobs and settings and serve both markets."""

    def all(self, session: Session) -> list[dict[str, Any]]:
        """Every policy, oldest first."""
        return [_shown(row) for row in PolicyRepository(session).all()]

    def create(self, session: Session, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write a policy down.

        Raises
        ------
        ValidationError : a field out of range, or rules that contradict each other; a name that could not be told from
            an id, or from saying that no policy applies.
        ConflictError : a policy has the name, in capitals or not; `details` say which.
        """
        name = _checked(name)
        for field, value in values.items():
            if isinstance(value, float) and round(value, DECIMALS) != value:
                raise ValidationError(f"{field}: expected at most {DECIMALS} decimals, got {value}", field)
        try:
            policy = Policy(**values)
        except ValueError as error:
            raise ValidationError(str(error), str(error).partition(":")[0]) from error
        repository = PolicyRepository(session)
        repository.lock()
        for other in repository.named(name)[:1]:
            raise ConflictError(
                f"There is a policy {other.name} already, {other.id}: what was run under it is known by that name; "
                "choose another",
                details={"field": "name", "id": other.id},
            )
        return _shown(repository.add(name, policy.to_dict()))

    def get(self, session: Session, policy_id: int) -> dict[str, Any]:
        """A policy as it is shown. Raises DataNotFoundError."""
        return _shown(self._row(session, policy_id))

    def terms(self, session: Session, policy_id: int) -> Policy:
        """A policy's rules, for a run. Raises DataNotFoundError."""
        return _policy(self._row(session, policy_id))

    def find(self, session: Session, name_or_id: str) -> Policy:
        """The policy of a name or an id. DataNotFoundError; ConflictError where several have the name."""
        repository = PolicyRepository(session)
        found = repository.named(name_or_id)
        if len(found) > 1:
            ids = ", ".join(str(row.id) for row in found)
            raise ConflictError(f"{len(found)} policies have the name {name_or_id}; give one of the ids {ids}")
        if found:
            return _policy(found[0])
        if name_or_id.isdecimal() and len(name_or_id) < 10:
            return _policy(self._row(session, int(name_or_id)))
        known = ", ".join(row.name for row in repository.all()) or "none yet"
        raise DataNotFoundError(f"There is no policy {name_or_id}; there are: {known}", "policy", name_or_id)

    @staticmethod
    def _row(session: Session, policy_id: int) -> PortfolioPolicy:
        row = PolicyRepository(session).get(policy_id)
        if row is None:
            raise DataNotFoundError(f"There is no policy {policy_id}", "policy", str(policy_id))
        return row


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise ValidationError("name: expected a name of letters", "name")
    if len(name) > LONGEST_NAME:
        raise ValidationError(f"name: expected at most {LONGEST_NAME} characters, got {len(name)}", "name")
    if name.lower() == NONE:
        raise ValidationError("name: none says that no policy applies; choose another", "name")
    if name.isdecimal():
        raise ValidationError(f"name: {name} could be the id of a policy; give it a letter", "name")
    return name


def _policy(row: PortfolioPolicy) -> Policy:
    stored = ((field.name, getattr(row, field.name)) for field in fields(Policy))
    return Policy.from_dict({name: float(value) if isinstance(value, Decimal) else value for name, value in stored})


def _shown(row: PortfolioPolicy) -> dict[str, Any]:
    policy = _policy(row)
    return {"id": row.id, "name": row.name, **policy.to_dict(), "notes": policy.notes(), "created_at": row.created_at}
