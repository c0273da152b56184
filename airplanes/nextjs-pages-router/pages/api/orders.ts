import type { NextApiRequest, NextApiResponse } from "next";
import { capture, captureException } from "@/lib/analytics";
import { currentUser } from "@/lib/auth";
import { bake, breads, store } from "@/lib/store";

export default async function handler(request: NextApiRequest, response: NextApiResponse) {
  const { bread, count } = request.body;
  const user = currentUser(request);
  const price = breads.find((it) => it.name === bread)?.price;
  if (!user || !price) return response.status(400).json({ error: "sign in and choose a bread" });
  try {
    bake(count);
  } catch (error) {
    await captureException(error, user.id); // caught here, so Next.js does not see it
    return response.status(503).json({ error: "no bread today" });
  }
  const order = { id: crypto.randomUUID(), userId: user.id, total: price * count };
  store.orders.set(order.id, order);
  await capture(request, {
    distinctId: user.id,
    event: "order_placed",
    properties: { bread, count, total: order.total },
  });
  response.json({ orderId: order.id });
}
