import type { NextApiRequest, NextApiResponse } from "next";
import { store, type User } from "./store";

export function currentUser(request: Pick<NextApiRequest, "cookies">): User | undefined {
  return store.users.get(request.cookies.user ?? "");
}

export function setSession(response: NextApiResponse, user: User | null) {
  // fake: the cookie is the id
  response.setHeader("Set-Cookie", `user=${user?.id ?? ""}; Path=/; HttpOnly${user ? "" : "; Max-Age=0"}`);
}
