// The only server module that knows PostHog. Client components import posthog-js itself.
import { headers } from "next/headers";
import { after } from "next/server";
import { type EventMessage, PostHog } from "posthog-node";

// Without a token every call does nothing.
export const posthog = new PostHog(process.env.NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN ?? "", {
  host: process.env.NEXT_PUBLIC_POSTHOG_HOST,
});

/** In a server action or a route handler. A signed-in user's id is passed; a visitor's comes with the request. */
export async function capture(message: EventMessage) {
  const request = await headers();
  const distinctId = message.distinctId ?? request.get("x-posthog-distinct-id") ?? undefined;
  const $session_id = request.get("x-posthog-session-id") ?? undefined;
  const properties = { $session_id, ...message.properties };
  // After the response, so nobody waits, and awaited by Next.js, so a serverless function sends it before it stops.
  after(() => posthog.captureImmediate({ ...message, distinctId, properties }));
}

/** For an error that is caught and not thrown again. instrumentation.ts reports all others. */
export async function captureException(error: unknown, distinctId?: string) {
  after(() => posthog.captureExceptionImmediate(error, distinctId));
}
