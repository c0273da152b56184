import type { NextApiRequest, NextApiResponse } from "next";
import { capture } from "@/lib/analytics";
import { setSession } from "@/lib/auth";
import { findUser, store } from "@/lib/store";

export default async function handler(request: NextApiRequest, response: NextApiResponse) {
  const { email } = request.body;
  if (findUser(email)) return response.status(409).json({ error: "this email has an account" });
  const user = { id: crypto.randomUUID(), email };
  store.users.set(user.id, user);
  setSession(response, user);
  // The session is new, so the id is passed. Person properties travel with an event.
  await capture(request, {
    distinctId: user.id,
    event: "user_signed_up",
    properties: { method: "password", $set_once: { sign_up_method: "password" } },
  });
  response.json({ userId: user.id }); // the browser identifies this id
}
