import type { Instrumentation } from "next";

// Next.js calls this for each error that getServerSideProps, a page on the server or an API route throws.
export const onRequestError: Instrumentation.onRequestError = async (error, request, context) => {
  const { posthog } = await import("./lib/analytics");
  const distinctId = request.headers["x-posthog-distinct-id"];
  await posthog.captureExceptionImmediate(error, distinctId?.toString(), {
    route: context.routePath, // not request.path: a query can hold personal data
    route_type: context.routeType,
  });
};
