import sqlite3
from pathlib import Path

from flask import current_app, g

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, password TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS products (
    slug TEXT PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id),
    total INTEGER NOT NULL, status TEXT NOT NULL
);
"""
PRODUCTS = [("assam", "Assam", 900), ("sencha", "Sencha", 1200), ("rooibos", "Rooibos", 700)]


def _path(app):
    return app.config["DATABASE_URL"].removeprefix("sqlite:///")


def init_app(app):
    Path(_path(app)).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(_path(app))
    with connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT OR IGNORE INTO products VALUES (?, ?, ?)", PRODUCTS)
    connection.close()
    app.teardown_appcontext(_close)


def get():
    if "database" not in g:
        g.database = sqlite3.connect(_path(current_app))
        g.database.row_factory = sqlite3.Row
    return g.database


def _close(_error):
    connection = g.pop("database", None)
    if connection is not None:
        connection.close()
