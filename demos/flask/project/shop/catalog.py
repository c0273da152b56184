from flask import Blueprint, abort, render_template

from . import database

blueprint = Blueprint("catalog", __name__)


@blueprint.get("/")
def index():
    products = database.get().execute("SELECT * FROM products ORDER BY name").fetchall()
    return render_template("catalog.html", products=products)


@blueprint.get("/products/<slug>")
def product(slug):
    return render_template("product.html", product=find(slug) or abort(404))


def find(slug):
    return database.get().execute("SELECT * FROM products WHERE slug = ?", (slug,)).fetchone()
