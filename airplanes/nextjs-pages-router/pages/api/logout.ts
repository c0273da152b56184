import type { NextApiRequest, NextApiResponse } from "next";
import { capture } from "@/lib/analytics";
import { currentUser, setSession } from "@/lib/auth";

export default async function handler(request: NextApiRequest, response: NextApiResponse) {
  const user = currentUser(request);
  setSession(response, null);
  await capture(request, { distinctId: user?.id, event: "user_logged_out" });
  response.json({});
}
