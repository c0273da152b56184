from uuid import uuid4

from flask import Blueprint, abort, redirect, render_template, request, session

from . import analytics

blueprint = Blueprint("shop", __name__)
breads = {"rye": 4, "wheat": 3}
orders = {}


class OvenIsCold(Exception):
    pass


@blueprint.get("/")
def index():
    return render_template("index.html", breads=breads)


@blueprint.get("/breads/<name>")
def bread(name):
    if name not in breads:
        abort(404)
    analytics.capture("bread_viewed", {"bread": name})
    return {"name": name, "price": breads[name]}


@blueprint.post("/orders")
def order():
    if "user_id" not in session:
        abort(401)
    name, count = request.form["bread"], int(request.form["count"])
    if count > 100:
        raise OvenIsCold(f"{count} loaves")
    order_id = str(uuid4())
    total = breads[name] * count
    orders[order_id] = {"user_id": session["user_id"], "total": total}
    analytics.capture("order_placed", {"bread": name, "count": count, "total": total})
    return redirect("/")


@blueprint.post("/webhooks/payment")
def payment():
    # fake: no signature. The provider makes this request, so the order says who acts.
    paid = orders.get(request.json["order_id"]) or abort(404)
    analytics.capture("order_paid", {"total": paid["total"]}, distinct_id=paid["user_id"])
    return "", 204


@blueprint.app_errorhandler(OvenIsCold)
def oven_is_cold(error):
    # Flask counts an exception with a handler as handled, so the integration does not see it.
    # A handler for 500 needs no call: what reaches it has been reported.
    analytics.capture_exception(error)
    return {"error": "no bread today"}, 503
