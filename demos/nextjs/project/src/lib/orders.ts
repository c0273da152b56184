import { randomUUID } from 'node:crypto'
import { db, type Order } from './db'

export function createOrder(userId: string, lines: Order['lines'], totalCents: number): Order {
  const order: Order = { id: randomUUID(), userId, lines, totalCents, status: 'pending' }
  db.orders.set(order.id, order)
  return order
}

export function findOrder(id: string) {
  return db.orders.get(id)
}

export function setOrderStatus(id: string, status: Order['status']) {
  const order = db.orders.get(id)
  if (order) order.status = status
  return order
}
