"""An app whose packages are locked by uv. /packages tells which are installed."""

import os
from importlib.metadata import distributions

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db.init_app(app)


class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)


@app.route("/")
def index():
    return f"<p>version 1: {Note.query.count()} notes</p>"


@app.route("/packages")
def packages():
    return sorted(f"{each.metadata['Name'].lower()}=={each.version}" for each in distributions())
