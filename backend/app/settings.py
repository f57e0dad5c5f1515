"""Settings: the environment (and `backend/.env`), read once into one typed object."""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

BACKEND_DIR = Path(__file__).resolve().parents[1]


def _default_home() -> Path:
    """The user's data directory, by the convention of each system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "SmartTrader"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "SmartTrader"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "smarttrader"


class Settings(BaseSettings):
    """Every knob that comes from outside."""

    model_config = SettingsConfigDict(
        env_file=BACKEND_DIR / ".env", env_file_encoding="utf-8", extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(default_factory=_default_home, validation_alias="SMARTTRADER_HOME")
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    import_roots: Annotated[list[Path] | None, NoDecode] = Field(
        default=None, validation_alias="SMARTTRADER_IMPORT_ROOTS"
    )
    frontend_dir: Path = Field(
        default=BACKEND_DIR.parent / "frontend" / "out", validation_alias="SMARTTRADER_FRONTEND_DIR"
    )
    host: str = Field(default="127.0.0.1", validation_alias="SMARTTRADER_HOST")
    port: int = Field(default=8000, validation_alias="SMARTTRADER_PORT")
    max_upload_bytes: int = Field(default=512 * 1024 * 1024, validation_alias="SMARTTRADER_MAX_UPLOAD_BYTES")
    nse_archives_url: str = Field(
        default="https://nsearchives.nseindia.com", validation_alias="SMARTTRADER_NSE_ARCHIVES_URL"
    )
    strategy_seconds: float = Field(default=300.0, gt=0, le=86_400, validation_alias="SMARTTRADER_STRATEGY_SECONDS")
    strategy_memory_mb: int = Field(default=2048, ge=256, validation_alias="SMARTTRADER_STRATEGY_MEMORY_MB")
    rate_limit: bool = Field(default=True, validation_alias="SMARTTRADER_RATE_LIMIT")
    reads_per_minute: int = Field(default=30_000, gt=0, validation_alias="SMARTTRADER_READS_PER_MINUTE")
    writes_per_minute: int = Field(default=1_200, gt=0, validation_alias="SMARTTRADER_WRITES_PER_MINUTE")
    smtp_url: SecretStr | None = Field(default=None, validation_alias="SMARTTRADER_SMTP_URL")
    mail_from: str | None = Field(default=None, validation_alias="SMARTTRADER_MAIL_FROM")
    mail_to: str | None = Field(default=None, validation_alias="SMARTTRADER_MAIL_TO")
    push_contact: str | None = Field(default=None, validation_alias="SMARTTRADER_PUSH_CONTACT")
    # for tests: push services on this machine, where none are
    push_local: bool = Field(default=False, validation_alias="SMARTTRADER_PUSH_LOCAL")
    fyers_app_id: str | None = Field(default=None, validation_alias="FYERS_APP_ID")
    fyers_secret_key: SecretStr | None = Field(default=None, validation_alias="FYERS_SECRET_KEY")
    groq_api_key: SecretStr | None = Field(default=None, validation_alias="GROQ_API_KEY")

    @field_validator("home", mode="before")
    @classmethod
    def _unset_when_empty(cls, value: object) -> object:
        return _default_home() if isinstance(value, str) and not value.strip() else value

    @field_validator("home", "frontend_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("import_roots", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        if isinstance(value, str):
            return [Path(part).expanduser() for part in value.split(os.pathsep) if part.strip()]
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        """A password goes to another machine encrypted or not at all. Nothing of the value is in the messages."""
        if value is None or not value.get_secret_value().strip():
            return None
        try:
            parts = urlsplit(value.get_secret_value().strip())
            known = parts.scheme in {"smtp", "smtp+starttls", "smtps"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            known = False
        if not known:
            raise ValueError("SMARTTRADER_SMTP_URL must look like smtps://USER:PASSWORD@HOST:465, or smtp+starttls://…")
        if parts.scheme == "smtp" and parts.username and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("SMARTTRADER_SMTP_URL would send a password unencrypted: use smtps:// or smtp+starttls://")
        return SecretStr(value.get_secret_value().strip())

    @field_validator("mail_from", "mail_to")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        value = (value or "").strip()
        if value and ("@" not in value or not value.isprintable() or any(letter in value for letter in ",; ")):
            raise ValueError(
                "SMARTTRADER_MAIL_FROM and SMARTTRADER_MAIL_TO are one address each, such as me@example.com"
            )
        return value or None

    @field_validator("push_contact")
    @classmethod
    def _contact(cls, value: str | None) -> str | None:
        value = (value or "").strip()
        if value and not re.fullmatch(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+", value, re.ASCII):
            raise ValueError("SMARTTRADER_PUSH_CONTACT is one mail address, such as me@example.com")
        return value or None

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, value: str | None) -> str | None:
        """`postgresql://` and `postgres://` mean the driver in use; any other database is refused."""
        if not value or not value.strip():
            return None
        scheme, separator, rest = value.strip().partition("://")
        if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
            raise ValueError("DATABASE_URL must start with postgresql://: PostgreSQL is the only database supported")
        return f"postgresql+psycopg://{rest}"

    @property
    def allowed_import_roots(self) -> list[Path]:
        """Folders whose files may be imported by path through the API."""
        if self.import_roots is not None:
            return [root.absolute() for root in self.import_roots]
        return [Path.home()] if self.is_loopback else [self.home / "inbox"]

    @property
    def is_loopback(self) -> bool:
        """Whether the server listens on this machine only."""
        return self.host in {"127.0.0.1", "localhost", "::1"}


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process."""
    return Settings()
