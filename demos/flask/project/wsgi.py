from dotenv import load_dotenv

from shop import create_app

load_dotenv()
app = create_app()
