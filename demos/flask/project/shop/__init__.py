import os

from flask import Flask

from . import accounts, cart, catalog, checkout, database, errors, webhooks


def create_app(config=None):
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=os.environ.get("SHOP_SECRET_KEY", "development"),
        PAYMENT_SECRET=os.environ.get("SHOP_PAYMENT_SECRET"),
        WEBHOOK_SECRET=os.environ.get("SHOP_WEBHOOK_SECRET", "development"),
        DATABASE_URL=os.environ.get("DATABASE_URL", "sqlite:///instance/shop.db"),
    )
    app.config.from_mapping(config or {})

    database.init_app(app)
    app.register_blueprint(catalog.blueprint)
    app.register_blueprint(accounts.blueprint)
    app.register_blueprint(cart.blueprint)
    app.register_blueprint(checkout.blueprint)
    app.register_blueprint(webhooks.blueprint)
    errors.init_app(app)
    return app
