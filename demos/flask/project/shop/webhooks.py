import hashlib
import hmac

from flask import Blueprint, abort, current_app, request

from . import database

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
STATUSES = {"payment.succeeded": "paid", "payment.failed": "failed"}


def sign(body, secret):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@blueprint.post("/payment")
def payment():
    expected = sign(request.get_data(), current_app.config["WEBHOOK_SECRET"])
    if not hmac.compare_digest(expected, request.headers.get("X-Signature", "")):
        abort(403)

    status = STATUSES.get(request.json["type"])
    if status is None:
        return "", 204
    connection = database.get()
    order = connection.execute(
        "SELECT * FROM orders WHERE id = ?", (request.json["order_id"],)
    ).fetchone()
    if order is None:
        abort(404)
    with connection:
        connection.execute("UPDATE orders SET status = ? WHERE id = ?", (status, order["id"]))
    return "", 204
