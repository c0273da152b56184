from bakery import create_app

app = create_app()
