"""The table of users."""

from __future__ import annotations

import hashlib
import hmac
import os

from flask_login import UserMixin

from apps import db, login_manager


def hashed(password: str, salt: bytes) -> bytes:
    return salt + hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 100_000)


class Users(db.Model, UserMixin):
    __tablename__ = "users"

    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(64), unique=True)
    email = db.Column(db.String(64), unique=True)
    password = db.Column(db.LargeBinary)

    def __init__(self, username: str, email: str, password: str) -> None:
        self.username = username
        self.email = email
        self.password = hashed(password, os.urandom(32))

    def has_password(self, password: str) -> bool:
        return hmac.compare_digest(self.password, hashed(password, self.password[:32]))


@login_manager.user_loader
def load_user(user_id: str) -> Users | None:
    return db.session.get(Users, int(user_id))
