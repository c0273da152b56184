import { cookies } from "next/headers";
import { store, type User } from "./store";

export async function currentUser(): Promise<User | undefined> {
  return store.users.get((await cookies()).get("user")?.value ?? "");
}

export async function signIn(user: User) {
  (await cookies()).set("user", user.id, { httpOnly: true }); // fake: the cookie is the id
}

export async function signOut() {
  (await cookies()).delete("user");
}
