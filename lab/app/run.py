"""The app for gunicorn (run:app) and for the flask command (FLASK_APP=run.py)."""

import os

from flask_migrate import Migrate
from flask_minify import Minify

from apps import create_app, db
from apps.config import DebugConfig, ProductionConfig

DEBUG = os.getenv("DEBUG", "False") == "True"

app = create_app(DebugConfig if DEBUG else ProductionConfig)
Migrate(app, db)
if not DEBUG:
    Minify(app=app, html=True, js=False, cssless=False)
