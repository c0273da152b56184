import json

import pytest

from shop.webhooks import sign


@pytest.fixture
def order_id(client, user):
    client.post("/cart/add", data={"slug": "sencha", "quantity": 2})
    response = client.post("/checkout", data={"card": "4000000000000001"})
    return response.location.rsplit("/", 1)[1]


def notify(client, event, secret="test"):
    body = json.dumps(event).encode()
    return client.post(
        "/webhooks/payment",
        data=body,
        content_type="application/json",
        headers={"X-Signature": sign(body, secret)},
    )


def test_the_cart_adds_up(client):
    client.post("/cart/add", data={"slug": "assam"})
    client.post("/cart/add", data={"slug": "sencha", "quantity": 2})
    assert "$33.00" in client.get("/cart").text
    client.post("/cart/remove", data={"slug": "sencha"})
    assert "$9.00" in client.get("/cart").text


def test_an_unknown_product_cannot_be_added(client):
    assert client.post("/cart/add", data={"slug": "coffee"}).status_code == 404


def test_checkout_needs_a_user(client):
    client.post("/cart/add", data={"slug": "assam"})
    assert client.get("/checkout").location == "/login"


def test_checkout_leaves_a_pending_order(client, order_id):
    assert "pending" in client.get(f"/orders/{order_id}").text
    assert "$0.00" in client.get("/cart").text


def test_a_declined_card_keeps_the_cart(client, user):
    client.post("/cart/add", data={"slug": "assam"})
    assert client.post("/checkout", data={"card": "4000000000000002"}).status_code == 402
    assert "$9.00" in client.get("/cart").text


def test_a_provider_that_is_down_is_not_the_cards_fault(client, user):
    client.post("/cart/add", data={"slug": "assam"})
    assert client.post("/checkout", data={"card": "4000000000000119"}).status_code == 503


def test_a_shop_without_a_secret_charges_nobody(app, client, user):
    app.config["PAYMENT_SECRET"] = None
    client.post("/cart/add", data={"slug": "assam"})
    assert client.post("/checkout", data={"card": "4000000000000001"}).status_code == 503


def test_the_webhook_marks_the_order_paid(client, order_id):
    event = {"type": "payment.succeeded", "order_id": order_id}
    assert notify(client, event).status_code == 204
    assert "paid" in client.get(f"/orders/{order_id}").text


def test_the_webhook_refuses_a_wrong_signature(client, order_id):
    event = {"type": "payment.succeeded", "order_id": order_id}
    assert notify(client, event, secret="wrong").status_code == 403
