"""Risk policies: `/api/portfolio/strategies/policy`."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.routers.dependencies import PlatformDep
from app.schemas.policies import PolicyOut, PolicyRequest
from app.web.sessions import SessionDep

router = APIRouter(prefix="/api/portfolio/strategies/policy", tags=["policies"])


@router.get("", operation_id="policies:list")
def list_policies(platform: PlatformDep, session: SessionDep) -> list[PolicyOut]:
    """Every policy, oldest first."""
    return [PolicyOut(**row) for row in platform.policies.all(session)]


@router.post("", operation_id="policies:create", status_code=201)
def create_policy(request: PolicyRequest, response: Response, platform: PlatformDep, session: SessionDep) -> PolicyOut:
    """Write a policy down; rules that contradict each other are refused, and `notes` names the tighter of two."""
    values = request.model_dump()
    created = platform.policies.create(session, values.pop("name"), values)
    response.headers["Location"] = f"/api/portfolio/strategies/policy/{created['id']}"
    return PolicyOut(**created)


@router.get("/{policy_id}", operation_id="policies:get")
def get_policy(policy_id: int, platform: PlatformDep, session: SessionDep) -> PolicyOut:
    """One policy."""
    return PolicyOut(**platform.policies.get(session, policy_id))
