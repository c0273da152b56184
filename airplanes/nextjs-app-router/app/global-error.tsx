"use client";

import posthog from "posthog-js";
import { useEffect } from "react";

// An error that a boundary catches does not reach exception autocapture. Each error.tsx needs the same effect.
export default function GlobalError({ error }: { error: Error & { digest?: string } }) {
  useEffect(() => {
    if (!error.digest) posthog.captureException(error); // one with a digest was reported by the server
  }, [error]);

  return (
    <html lang="en">
      <body>Something went wrong.</body>
    </html>
  );
}
