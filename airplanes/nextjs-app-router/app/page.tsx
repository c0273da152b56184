import { currentUser } from "@/lib/auth";
import { breads } from "@/lib/store";
import { logIn, logOut, signUp } from "./actions";
import { Bread } from "./bread";

export default async function Page() {
  const user = await currentUser();
  if (!user) {
    return (
      <form action={signUp}>
        <input name="email" type="email" required />
        <button>Sign up</button>
        <button formAction={logIn}>Log in</button>
      </form>
    );
  }
  return (
    <main>
      {breads.map((bread) => (
        <Bread key={bread.name} {...bread} />
      ))}
      <form action={logOut}>
        <button>Log out</button>
      </form>
    </main>
  );
}
