from flask import Blueprint, abort, redirect, render_template, request, session, url_for

from . import catalog

blueprint = Blueprint("cart", __name__, url_prefix="/cart")


def lines():
    return [
        {"product": catalog.find(slug), "quantity": quantity}
        for slug, quantity in session.get("cart", {}).items()
    ]


def total():
    return sum(line["product"]["price"] * line["quantity"] for line in lines())


@blueprint.get("")
def show():
    return render_template("cart.html", lines=lines(), total=total())


@blueprint.post("/add")
def add():
    product = catalog.find(request.form["slug"]) or abort(404)
    quantity = request.form.get("quantity", 1, type=int)
    if not 1 <= quantity <= 99:
        abort(400)
    cart = dict(session.get("cart", {}))
    cart[product["slug"]] = cart.get(product["slug"], 0) + quantity
    session["cart"] = cart
    return redirect(url_for("cart.show"))


@blueprint.post("/remove")
def remove():
    cart = dict(session.get("cart", {}))
    cart.pop(request.form["slug"], None)
    session["cart"] = cart
    return redirect(url_for("cart.show"))
