export type User = { id: string; email: string };
export type Order = { id: string; userId: string; total: number };

// fake: memory, shared by every bundle of the server
const global = globalThis as { store?: { users: Map<string, User>; orders: Map<string, Order> } };
export const store = (global.store ??= { users: new Map(), orders: new Map() });

export const breads = [
  { name: "rye", price: 4 },
  { name: "wheat", price: 3 },
];

export function findUser(email: string): User | undefined {
  return [...store.users.values()].find((user) => user.email === email);
}

/** Throws when the oven is cold. */
export function bake(count: number) {
  if (count > 100) throw new Error(`the oven is cold: ${count} loaves`);
}
