"""An app without a database, under names of its own."""

from flask import Flask

site = Flask(__name__)


@site.route("/health")
def health():
    return "<p>version 1</p>"
