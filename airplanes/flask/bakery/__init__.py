import os

from dotenv import load_dotenv
from flask import Flask

from . import analytics, auth, shop


def create_app(config=None):
    load_dotenv()
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=os.environ.get("BAKERY_SECRET_KEY") or os.urandom(16),
        POSTHOG_PROJECT_TOKEN=os.environ.get("POSTHOG_PROJECT_TOKEN"),
        POSTHOG_HOST=os.environ.get("POSTHOG_HOST"),
    )
    app.config.from_mapping(config or {})

    analytics.init_app(app)
    app.register_blueprint(auth.blueprint)
    app.register_blueprint(shop.blueprint)
    return app
