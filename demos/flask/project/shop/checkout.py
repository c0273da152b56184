from uuid import uuid4

from flask import (
    Blueprint,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from . import cart, database, payments
from .accounts import login_required

blueprint = Blueprint("checkout", __name__)


@blueprint.route("/checkout", methods=["GET", "POST"])
@login_required
def checkout():
    if not session.get("cart"):
        return redirect(url_for("cart.show"))
    if request.method == "GET":
        return render_template("checkout.html", total=cart.total())

    order_id, total = str(uuid4()), cart.total()
    payments.charge(current_app.config["PAYMENT_SECRET"], request.form["card"], total)
    with database.get() as connection:
        connection.execute(
            "INSERT INTO orders VALUES (?, ?, ?, 'pending')", (order_id, g.user["id"], total)
        )
    session.pop("cart")
    return redirect(url_for("checkout.order", order_id=order_id))


@blueprint.get("/orders/<order_id>")
@login_required
def order(order_id):
    row = (
        database.get()
        .execute("SELECT * FROM orders WHERE id = ? AND user_id = ?", (order_id, g.user["id"]))
        .fetchone()
    )
    return render_template("order.html", order=row or abort(404))
