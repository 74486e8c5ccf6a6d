"""Keeps uploads in files, and their names in the database."""

import os

from flask import Flask, redirect, request, send_from_directory
from flask_sqlalchemy import SQLAlchemy
from werkzeug.utils import secure_filename

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
uploads = os.path.join(app.root_path, "uploads")
db = SQLAlchemy(app)


class Upload(db.Model):
    name = db.Column(db.String(80), primary_key=True)


@app.get("/")
def index():
    names = db.session.scalars(db.select(Upload.name).order_by(Upload.name))
    return f"<p>version 1: {', '.join(names)}</p>"


@app.post("/")
def add():
    file = request.files["file"]
    name = secure_filename(file.filename)
    file.save(os.path.join(uploads, name))
    db.session.add(Upload(name=name))
    db.session.commit()
    return redirect("/")


@app.get("/uploads/<name>")
def upload(name):
    return send_from_directory(uploads, name)
