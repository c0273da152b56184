import { randomBytes, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto'
import { db, type User } from './db'

export function findUserByEmail(email: string) {
  return [...db.users.values()].find((user) => user.email === email.toLowerCase())
}

export function createUser(name: string, email: string, password: string): User {
  const salt = randomBytes(16).toString('hex')
  const hash = scryptSync(password, salt, 32).toString('hex')
  const user = { id: randomUUID(), name, email: email.toLowerCase(), passwordHash: `${salt}:${hash}` }
  db.users.set(user.id, user)
  return user
}

export function passwordMatches(user: User, password: string) {
  const [salt = '', hash = ''] = user.passwordHash.split(':')
  return timingSafeEqual(Buffer.from(hash, 'hex'), scryptSync(password, salt, 32))
}
