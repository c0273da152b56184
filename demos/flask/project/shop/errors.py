from flask import render_template

from .payments import PaymentDeclined, ProviderDown


def init_app(app):
    app.register_error_handler(404, not_found)
    app.register_error_handler(PaymentDeclined, payment_declined)
    app.register_error_handler(ProviderDown, provider_down)


def not_found(_error):
    return render_template("error.html", message="There is no such page."), 404


def payment_declined(_error):
    return render_template("error.html", message="Your card was declined."), 402


def provider_down(_error):
    return render_template("error.html", message="Payments are down. Try again soon."), 503
