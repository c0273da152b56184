import type { NextApiRequest, NextApiResponse } from "next";
import { capture } from "@/lib/analytics";
import { setSession } from "@/lib/auth";
import { findUser } from "@/lib/store";

export default async function handler(request: NextApiRequest, response: NextApiResponse) {
  const user = findUser(request.body.email); // fake: any password will do
  if (!user) {
    await capture(request, { event: "login_failed", properties: { reason: "unknown_account" } });
    return response.status(401).json({ error: "unknown account" });
  }
  setSession(response, user);
  await capture(request, { distinctId: user.id, event: "user_logged_in", properties: { method: "password" } });
  response.json({ userId: user.id });
}
