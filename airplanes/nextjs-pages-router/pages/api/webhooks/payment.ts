import type { NextApiRequest, NextApiResponse } from "next";
import { capture } from "@/lib/analytics";
import { store } from "@/lib/store";

export default async function handler(request: NextApiRequest, response: NextApiResponse) {
  const order = store.orders.get(request.body.orderId); // fake: no signature
  if (!order) return response.status(404).end();
  // The payment provider makes this request, so the order says who acts.
  await capture(request, { distinctId: order.userId, event: "order_paid", properties: { total: order.total } });
  response.status(204).end();
}
