import posthog from "posthog-js";

const token = process.env.NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN;
const host = process.env.NEXT_PUBLIC_POSTHOG_HOST || "https://us.i.posthog.com";

if (token) {
  posthog.init(token, {
    api_host: "/ingest", // the rewrites in next.config.ts
    ui_host: host.replace(".i.", "."),
    defaults: "2026-08-30", // page views on navigation among them
    capture_exceptions: true,
    // Requests to this app carry the visitor's distinct id and session id: see lib/analytics.ts.
    tracing_headers: [window.location.hostname],
  });
}
