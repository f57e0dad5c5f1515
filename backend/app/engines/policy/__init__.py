"""Risk policies: what an account may do, decided order by order by one pure function."""

from app.engines.policy.policy import PENALTIES, SENSITIVITIES, Policy

__all__ = ["PENALTIES", "SENSITIVITIES", "Policy"]
