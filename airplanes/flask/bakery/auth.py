from uuid import uuid4

from flask import Blueprint, redirect, request, session

from . import analytics

blueprint = Blueprint("auth", __name__)
users = {}  # fake: user ids by email, and any password will do


@blueprint.post("/sign-up")
def sign_up():
    email = request.form["email"]
    if email in users:
        return {"error": "this email has an account"}, 409
    users[email] = str(uuid4())
    session["user_id"] = users[email]
    analytics.identify(users[email], is_new=True)
    # Person properties travel with an event. client.set() would add the request's own properties.
    analytics.capture(
        "user_signed_up",
        {"method": "password", "$set_once": {"sign_up_method": "password"}},
    )
    return redirect("/")


@blueprint.post("/login")
def login():
    user_id = users.get(request.form["email"])
    if user_id is None:
        analytics.capture("login_failed", {"reason": "unknown_account"})
        return {"error": "unknown account"}, 401
    session["user_id"] = user_id
    analytics.identify(user_id)
    analytics.capture("user_logged_in", {"method": "password"})
    return redirect("/")


@blueprint.post("/logout")
def logout():
    if "user_id" in session:
        analytics.capture("user_logged_out")
    session.clear()  # the next visitor of this browser gets a new anonymous id
    return redirect("/")
