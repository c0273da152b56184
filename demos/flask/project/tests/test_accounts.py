def test_sign_up_logs_the_user_in(client, user):
    assert user["email"] in client.get("/").text


def test_an_email_signs_up_once(client, user):
    assert client.post("/sign-up", data=user).status_code == 409


def test_login_needs_the_right_password(client, user):
    client.post("/logout")
    assert client.post("/login", data={**user, "password": "wrong"}).status_code == 401
    assert client.post("/login", data=user).status_code == 302
    assert user["email"] in client.get("/").text


def test_logout_forgets_the_user(client, user):
    client.post("/logout")
    assert user["email"] not in client.get("/").text
