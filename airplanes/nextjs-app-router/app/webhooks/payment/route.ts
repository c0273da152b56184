import { capture } from "@/lib/analytics";
import { store } from "@/lib/store";

export async function POST(request: Request) {
  const { orderId } = await request.json(); // fake: no signature
  const order = store.orders.get(orderId);
  if (!order) return new Response(null, { status: 404 });
  // The payment provider makes this request, so the order says who acts.
  await capture({ distinctId: order.userId, event: "order_paid", properties: { total: order.total } });
  return new Response(null, { status: 204 });
}
