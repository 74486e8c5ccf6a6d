"""An app with an image of its own, on another port, that makes its table itself."""

import os

from flask import Flask, request
from sqlalchemy import create_engine, text

site = Flask(__name__)
engine = create_engine(os.environ["DATABASE_URL"], pool_recycle=300)
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS visit (id INT PRIMARY KEY AUTO_INCREMENT)"))


@site.route("/visits")
def visits():
    with engine.begin() as connection:
        count = connection.execute(text("SELECT COUNT(*) FROM visit")).scalar()
    client = request.headers["X-Forwarded-For"]
    return f"<p>version 1: {count} visits, {request.scheme} from {client}, port {os.environ['PORT']}</p>"
