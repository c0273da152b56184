import { createHmac, timingSafeEqual } from 'node:crypto'
import { cookies } from 'next/headers'
import { cache } from 'react'
import { db } from './db'
import { requireEnv } from './env'

const COOKIE = 'fc_session'

function sign(userId: string) {
  return createHmac('sha256', requireEnv('SHOP_SESSION_SECRET')).update(userId).digest('hex')
}

export async function createSession(userId: string) {
  const jar = await cookies()
  jar.set(COOKIE, `${userId}.${sign(userId)}`, { httpOnly: true, sameSite: 'lax', path: '/' })
}

export async function destroySession() {
  const jar = await cookies()
  jar.delete(COOKIE)
}

export const getCurrentUser = cache(async () => {
  const jar = await cookies()
  const [userId, signature] = jar.get(COOKIE)?.value.split('.') ?? []
  if (!userId || !signature) return null
  const expected = Buffer.from(sign(userId))
  const given = Buffer.from(signature)
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return null
  return db.users.get(userId) ?? null
})
