import type { AppProps } from "next/app";
import posthog from "posthog-js";
import { useEffect } from "react";

// PostHog itself starts in instrumentation-client.ts: there is no provider.
export default function App({ Component, pageProps }: AppProps<{ userId?: string | null }>) {
  const { userId } = pageProps;

  // A session can begin or end elsewhere, in another tab or on another day. undefined: the page does not know.
  useEffect(() => {
    if (userId) posthog.identify(userId);
    else if (userId === null && posthog._isIdentified()) posthog.reset();
  }, [userId]);

  return <Component {...pageProps} />;
}
