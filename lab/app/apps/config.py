"""Settings from the environment; the same names as in .env."""

import os
import secrets
from pathlib import Path

HERE = Path(__file__).parent
SQLITE = f"sqlite:///{HERE / 'db.sqlite3'}"


def database_uri() -> str:
    """The parts pasted together as they are: who sets them has encoded them. SQLite if one is missing."""
    engine, name, user = (os.getenv(key) for key in ("DB_ENGINE", "DB_NAME", "DB_USERNAME"))
    if not (engine and name and user):
        return SQLITE
    password, host, port = (os.getenv(key) for key in ("DB_PASS", "DB_HOST", "DB_PORT"))
    return f"{engine}://{user}:{password}@{host}:{port}/{name}"


class ProductionConfig:
    DEBUG = False
    ASSETS_ROOT = os.getenv("ASSETS_ROOT", "/static/assets")
    # Of each process its own if none is set: sessions then end with it.
    SECRET_KEY = os.getenv("SECRET_KEY") or secrets.token_hex(16)
    SQLALCHEMY_DATABASE_URI = database_uri()
    SESSION_COOKIE_HTTPONLY = True


class DebugConfig(ProductionConfig):
    DEBUG = True
