"""Jobs that wait in Redis, and the rows in the database that those leave that are done."""

import os

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from redis import Redis

VERSION = 1

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)
queue = Redis.from_url(os.environ["REDIS_URL"])


class Done(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    job = db.Column(db.String(80), nullable=False)
    version = db.Column(db.Integer, nullable=False)


@app.route("/")
def show():
    rows = db.session.scalars(db.select(Done).order_by(Done.id))
    return f"<p>version {VERSION}</p>" + "".join(f"<p>{row.job} by version {row.version}</p>" for row in rows)


@app.post("/jobs")
def add():
    queue.rpush("jobs", request.form["job"])
    return "", 202


def note(job):
    db.session.add(Done(job=job, version=VERSION))
    db.session.commit()
