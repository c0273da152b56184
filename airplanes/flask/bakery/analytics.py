"""The only module that knows PostHog. Views call capture, identify and capture_exception."""

import atexit
from uuid import uuid4

from flask import current_app, has_request_context, session
from posthog import Posthog, identify_context
from posthog.contexts import get_context_distinct_id
from posthog.integrations.flask import PosthogFlaskIntegration


def init_app(app):
    # Without a token the client says so in the log once, and every call does nothing.
    client = Posthog(
        app.config["POSTHOG_PROJECT_TOKEN"],
        host=app.config["POSTHOG_HOST"],
        enable_exception_autocapture=True,
        # Asked for each event, because some suites set TESTING after create_app.
        before_send=lambda event: None if app.testing else event,
    )
    # The key "posthog" belongs to PosthogFlaskIntegration.
    app.extensions["posthog_client"] = client
    # Opens a context for each request and captures each unhandled exception. No page of the app
    # has PostHog's own script, so a header that names a visitor can only be made up.
    PosthogFlaskIntegration(app, client=client, capture_tracing_headers=False)
    # After the integration, because it needs the context that the integration opens.
    app.before_request(_identify_request)
    # The client's own exit hook waits one second for what is queued; flush waits up to ten.
    atexit.register(client.flush)


def _identify_request():
    # Runs before the app's own hooks, so it reads the session and not what they set.
    user_id = session.get("user_id")
    if user_id is not None:
        identify_context(str(user_id))


def identify(user_id, is_new=False):
    """At sign-up and login: says who makes the rest of this request."""
    user_id = str(user_id)
    anonymous_id = session.pop("anonymous_id", None)
    identify_context(user_id)
    if is_new and anonymous_id:
        # At sign-up only: an id that is known already must not be merged again.
        current_app.extensions["posthog_client"].alias(
            previous_id=anonymous_id, distinct_id=user_id
        )


def capture(event, properties=None, distinct_id=None):
    """Who acts comes from the request; in a webhook or a job, pass distinct_id."""
    properties = dict(properties or {})
    if distinct_id is None and get_context_distinct_id() is None and has_request_context():
        # An anonymous visitor: one random id for each browser, and no person profile.
        distinct_id = session.setdefault("anonymous_id", str(uuid4()))
        properties["$process_person_profile"] = False
    current_app.extensions["posthog_client"].capture(
        event, distinct_id=distinct_id, properties=properties
    )


def capture_exception(error):
    """In an error handler or an except block that does not raise again."""
    current_app.extensions["posthog_client"].capture_exception(error)
