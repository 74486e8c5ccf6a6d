"""A list of notes."""

import os

from flask import Flask, redirect, render_template_string, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)
PAGE = '<form method="post"><input name="text"></form>{% for note in notes %}<p>{{ note.text }}</p>{% endfor %}'


class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.String(200), nullable=False)


@app.route("/", methods=["GET", "POST"])
def notes():
    if request.method == "POST":
        db.session.add(Note(text=request.form["text"]))
        db.session.commit()
        return redirect("/")
    return render_template_string(PAGE, notes=db.session.scalars(db.select(Note)))
