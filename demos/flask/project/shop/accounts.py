import sqlite3
from functools import wraps
from uuid import uuid4

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

from . import database

blueprint = Blueprint("accounts", __name__)


@blueprint.before_app_request
def load_user():
    g.user = None
    if "user_id" in session:
        g.user = (
            database.get()
            .execute("SELECT id, email FROM users WHERE id = ?", (session["user_id"],))
            .fetchone()
        )


def login_required(view):
    @wraps(view)
    def wrapped(*args, **kwargs):
        if g.user is None:
            return redirect(url_for("accounts.login"))
        return view(*args, **kwargs)

    return wrapped


@blueprint.route("/sign-up", methods=["GET", "POST"])
def sign_up():
    if request.method == "GET":
        return render_template("account.html", title="Sign up")

    email = request.form["email"].strip().lower()
    user_id = str(uuid4())
    try:
        with database.get() as connection:
            connection.execute(
                "INSERT INTO users VALUES (?, ?, ?)",
                (user_id, email, generate_password_hash(request.form["password"])),
            )
    except sqlite3.IntegrityError:
        flash("This email has an account already.")
        return render_template("account.html", title="Sign up"), 409

    session["user_id"] = user_id
    return redirect(url_for("catalog.index"))


@blueprint.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "GET":
        return render_template("account.html", title="Log in")

    email = request.form["email"].strip().lower()
    user = database.get().execute("SELECT * FROM users WHERE email = ?", (email,)).fetchone()
    if user is None or not check_password_hash(user["password"], request.form["password"]):
        flash("Wrong email or password.")
        return render_template("account.html", title="Log in"), 401

    session["user_id"] = user["id"]
    return redirect(url_for("catalog.index"))


@blueprint.post("/logout")
def logout():
    session.clear()
    return redirect(url_for("catalog.index"))
