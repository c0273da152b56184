export interface User {
  id: string
  name: string
  email: string
  passwordHash: string
}

export interface Order {
  id: string
  userId: string
  lines: { slug: string; quantity: number }[]
  totalCents: number
  status: 'pending' | 'paid' | 'failed'
}

interface Database {
  users: Map<string, User>
  orders: Map<string, Order>
}

// Hot reloading loads this file again, and the data has to outlive that.
const globals = globalThis as { shopDatabase?: Database }

export const db: Database = (globals.shopDatabase ??= { users: new Map(), orders: new Map() })
