// The only server module that knows PostHog. Pages and components import posthog-js itself.
import type { IncomingMessage } from "node:http";
import { type EventMessage, PostHog } from "posthog-node";

// Without a token every call does nothing.
export const posthog = new PostHog(process.env.NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN ?? "", {
  host: process.env.NEXT_PUBLIC_POSTHOG_HOST,
  // A person waits for each event, so it is given up soon.
  requestTimeout: 2000,
  fetchRetryCount: 0,
});

/**
 * In an API route or getServerSideProps. A signed-in user's id is passed; a visitor's comes with the request.
 * Await it before the response: a serverless function stops when it has answered. It never throws.
 */
export async function capture(request: IncomingMessage, message: EventMessage) {
  const distinctId = message.distinctId ?? request.headers["x-posthog-distinct-id"]?.toString();
  const $session_id = request.headers["x-posthog-session-id"]?.toString();
  const properties = { $session_id, ...message.properties };
  await posthog.captureImmediate({ ...message, distinctId, properties });
}

/** For an error that is caught and not thrown again. instrumentation.ts reports all others. */
export async function captureException(error: unknown, distinctId?: string) {
  await posthog.captureExceptionImmediate(error, distinctId);
}
