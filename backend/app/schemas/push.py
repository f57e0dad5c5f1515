"""Web push on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.common import StrictWire

_ENDPOINT = "Where the browser's push service takes messages: https, and not in this network"


class PushKeysIn(StrictWire):
    """The keys of a subscription, base64url."""

    p256dh: str = Field(max_length=100, description="An uncompressed point of P-256, 65 octets")
    auth: str = Field(max_length=50, description="16 octets")


class PushSubscriptionIn(StrictWire):
    """A subscription, as `PushSubscription.toJSON()` of a browser has it, and a name to know it by."""

    endpoint: str = Field(min_length=1, max_length=2_000, description=_ENDPOINT)
    keys: PushKeysIn
    name: str | None = Field(default=None, min_length=1, max_length=60, pattern=r"\S", description="Null: as before")
    replaces: str | None = Field(default=None, max_length=2_000, description="The endpoint it had before")


class PushBrowser(BaseModel):
    """A browser that was turned on. Neither its address nor its keys are shown."""

    id: int
    name: str
    digest: str = Field(description="SHA-256 of its endpoint, hex, by which a browser knows itself")
    service: str = Field(description="The host of its push service")
    created_at: datetime
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    ended_at: datetime | None = Field(description="Since when its push service knows it no more; null: it is told")
    other_key: bool = Field(description="It was turned on with another key of this server, and takes nothing by this")


class PushStatus(BaseModel):
    """Whether browsers are told of what happens in watched screens, and which."""

    enabled: bool
    reason: str | None = Field(description="Why not")
    public_key: str | None = Field(description="What a browser subscribes with (applicationServerKey), base64url")
    browsers: list[PushBrowser]
