"""The pages."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_login import current_user, login_required, login_user, logout_user
from flask_wtf import FlaskForm
from sqlalchemy import or_
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import DataRequired, Email

from apps import db
from apps.models import Users

pages = Blueprint("pages", __name__)


class LoginForm(FlaskForm):
    username = StringField("Username or email", validators=[DataRequired()])
    password = PasswordField("Password", validators=[DataRequired()])


class RegisterForm(FlaskForm):
    username = StringField("Username", validators=[DataRequired()])
    email = EmailField("Email", validators=[DataRequired(), Email()])
    password = PasswordField("Password", validators=[DataRequired()])


@pages.get("/")
def start() -> Response:
    return redirect(url_for("pages.index" if current_user.is_authenticated else "pages.login"))


@pages.get("/index")
@login_required
def index() -> str:
    return render_template("index.html", users=Users.query.count())


@pages.route("/login", methods=["GET", "POST"])
def login() -> str | Response:
    form, message = LoginForm(), ""
    if form.validate_on_submit():
        name = form.username.data
        user = Users.query.filter(or_(Users.username == name, Users.email == name)).first()
        if user and user.has_password(form.password.data):
            login_user(user)
            return redirect(url_for("pages.start"))
        message = "Wrong user or password"
    return render_template("login.html", form=form, message=message)


@pages.route("/register", methods=["GET", "POST"])
def register() -> str:
    form, message = RegisterForm(), ""
    if form.validate_on_submit():
        if Users.query.filter_by(username=form.username.data).first():
            message = "Username already registered"
        elif Users.query.filter_by(email=form.email.data).first():
            message = "Email already registered"
        else:
            db.session.add(Users(form.username.data, form.email.data, form.password.data))
            db.session.commit()
            message = "User created. You can sign in now."
    return render_template("register.html", form=form, message=message)


@pages.get("/client")
def client() -> str:
    """Who asks, as the app sees it."""
    return f"{request.remote_addr} by {request.scheme}"


@pages.get("/logout")
def logout() -> Response:
    logout_user()
    return redirect(url_for("pages.login"))
