import type { GetServerSideProps } from "next";
import { useRouter } from "next/router";
import posthog from "posthog-js";
import { type FormEvent, useState } from "react";
import { currentUser } from "@/lib/auth";
import { breads } from "@/lib/store";

type Props = { userId: string | null; breads: { name: string; price: number }[] };

export const getServerSideProps: GetServerSideProps<Props> = async ({ req }) => ({
  props: { userId: currentUser(req)?.id ?? null, breads },
});

async function post(path: string, body: object = {}) {
  const headers = { "Content-Type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

export default function Home({ userId, breads }: Props) {
  const router = useRouter();
  const [counts, setCounts] = useState<Record<string, number>>({});

  async function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    const email = new FormData(event.currentTarget).get("email");
    const response = await post(`/api/${submitter?.id}`, { email });
    if (!response.ok) return;
    posthog.identify((await response.json()).userId); // joins what the visitor did before to the user
    router.replace("/");
  }

  async function logOut() {
    await post("/api/logout");
    posthog.reset(); // the next person on this device is someone else
    router.replace("/");
  }

  function add(bread: string, price: number) {
    setCounts({ ...counts, [bread]: (counts[bread] ?? 0) + 1 });
    // The server never hears of the basket, so the browser sends this. In the handler, never while rendering.
    posthog.capture("basket_item_added", { bread, price });
  }

  if (!userId) {
    return (
      <form onSubmit={signIn}>
        <input name="email" type="email" required />
        <button id="sign-up">Sign up</button>
        <button id="login">Log in</button>
      </form>
    );
  }
  return (
    <main>
      {breads.map(({ name, price }) => (
        <p key={name}>
          {name}: {price} <button onClick={() => add(name, price)}>Add</button>{" "}
          <button onClick={() => post("/api/orders", { bread: name, count: counts[name] })}>Order</button>
        </p>
      ))}
      <button onClick={logOut}>Log out</button>
    </main>
  );
}
