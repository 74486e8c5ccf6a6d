"""The app for `flask db`, whose module is in FLASK_ON_AWS_MODULE, with Flask-Migrate where it does not set that up itself."""

import os
import sys

from flask.cli import ScriptInfo
from flask_migrate import Migrate

app = ScriptInfo(app_import_path=os.environ["FLASK_ON_AWS_MODULE"]).load_app()
if "migrate" not in app.extensions:
    if "sqlalchemy" not in app.extensions:
        sys.exit("the app does not initialize Flask-SQLAlchemy: db.init_app(app)")
    found = app.extensions["sqlalchemy"]
    # Before Flask-SQLAlchemy 3 this was an object around it.
    Migrate(app, getattr(found, "db", found))
