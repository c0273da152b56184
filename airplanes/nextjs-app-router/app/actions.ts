"use server";

import { redirect } from "next/navigation";
import { capture, captureException } from "@/lib/analytics";
import { currentUser, signIn, signOut } from "@/lib/auth";
import { bake, breads, findUser, store } from "@/lib/store";

export async function signUp(form: FormData) {
  const email = String(form.get("email"));
  if (findUser(email)) redirect("/?error=taken");
  const user = { id: crypto.randomUUID(), email };
  store.users.set(user.id, user);
  await signIn(user);
  // The session is new, so the id is passed. Person properties travel with an event.
  await capture({
    distinctId: user.id,
    event: "user_signed_up",
    properties: { method: "password", $set_once: { sign_up_method: "password" } },
  });
  redirect("/"); // throws: what comes after it is never reached
}

export async function logIn(form: FormData) {
  const user = findUser(String(form.get("email"))); // fake: any password will do
  if (!user) {
    await capture({ event: "login_failed", properties: { reason: "unknown_account" } });
    redirect("/?error=unknown");
  }
  await signIn(user);
  await capture({ distinctId: user.id, event: "user_logged_in", properties: { method: "password" } });
  redirect("/");
}

export async function logOut() {
  const user = await currentUser();
  await signOut();
  await capture({ distinctId: user?.id, event: "user_logged_out" });
  redirect("/");
}

export async function placeOrder(bread: string, count: number): Promise<{ error?: string }> {
  const user = await currentUser();
  const price = breads.find((it) => it.name === bread)?.price;
  if (!user || !price) return { error: "sign in and choose a bread" };
  try {
    bake(count);
  } catch (error) {
    await captureException(error, user.id); // caught here, so Next.js does not see it
    return { error: "no bread today" };
  }
  const order = { id: crypto.randomUUID(), userId: user.id, total: price * count };
  store.orders.set(order.id, order);
  await capture({
    distinctId: user.id,
    event: "order_placed",
    properties: { bread, count, total: order.total },
  });
  return {};
}
