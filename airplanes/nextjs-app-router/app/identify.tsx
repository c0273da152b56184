"use client";

import posthog from "posthog-js";
import { useEffect } from "react";

/** Says who acts in the browser. After a login or a logout the layout renders again with the new id. */
export function Identify({ userId }: { userId: string | null }) {
  useEffect(() => {
    if (userId) posthog.identify(userId); // joins what the visitor did before to the user
    else if (posthog._isIdentified()) posthog.reset(); // the next person on this device is someone else
  }, [userId]);
  return null;
}
