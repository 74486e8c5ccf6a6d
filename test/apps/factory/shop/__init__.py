"""A factory, whose migrations are shipped."""

import hashlib
import os

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Item(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), nullable=False)


def create_app(config=None):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db.init_app(app)
    Migrate(app, db)

    @app.route("/items")
    def items():
        count = db.session.scalar(db.select(db.func.count(Item.id)))
        return f"<p>version 1: {count} items</p>"

    @app.route("/digest/<name>")
    def digest(name):
        return hashlib.sha256(os.environ[name].encode()).hexdigest()

    return app
