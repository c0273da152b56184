"use client";

import posthog from "posthog-js";
import { useState } from "react";
import { placeOrder } from "./actions";

export function Bread({ name, price }: { name: string; price: number }) {
  const [count, setCount] = useState(0);

  function add() {
    setCount(count + 1);
    // The server never hears of the basket, so the browser sends this. In the handler, never while rendering.
    posthog.capture("basket_item_added", { bread: name, price });
  }

  return (
    <p>
      {name}: {price} <button onClick={add}>Add</button>{" "}
      <button onClick={() => placeOrder(name, count)} disabled={count === 0}>
        Order {count}
      </button>
    </p>
  );
}
