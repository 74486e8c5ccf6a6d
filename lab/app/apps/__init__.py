"""A login, a registration and one page behind them."""

from pathlib import Path

from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect

from apps.config import SQLITE

db = SQLAlchemy()
login_manager = LoginManager()
login_manager.login_view = "pages.login"


def create_app(config: type) -> Flask:
    app = Flask(__name__)
    app.config.from_object(config)
    app.config["VERSION"] = Path(app.root_path).parent.joinpath("VERSION").read_text().strip()
    db.init_app(app)
    login_manager.init_app(app)
    CSRFProtect(app)

    from apps.routes import pages

    app.register_blueprint(pages)

    @app.before_first_request
    def make_tables() -> None:
        try:
            db.create_all()
        except Exception as problem:
            print(f"database: {problem}; using SQLite")
            app.config["SQLALCHEMY_DATABASE_URI"] = SQLITE
            db.create_all()

    return app
