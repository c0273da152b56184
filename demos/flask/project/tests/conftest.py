import pytest

from shop import create_app


@pytest.fixture
def app(tmp_path):
    return create_app({
        "TESTING": True,
        "SECRET_KEY": "test",
        "PAYMENT_SECRET": "test",
        "WEBHOOK_SECRET": "test",
        "DATABASE_URL": f"sqlite:///{tmp_path}/test.db",
    })


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def user(client):
    form = {"email": "ada@example.com", "password": "correct horse"}
    client.post("/sign-up", data=form)
    return form
