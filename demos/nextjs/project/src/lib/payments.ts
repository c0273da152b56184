import { createHmac, timingSafeEqual } from 'node:crypto'
import { requireEnv } from './env'

export class PaymentUnavailable extends Error {}

/** Stands in for the provider's client: card numbers that end in 0 are declined, in 9 it is down. */
export async function startPayment(card: string, totalCents: number): Promise<'accepted' | 'declined'> {
  if (card.endsWith('9')) throw new PaymentUnavailable(`the provider did not take ${totalCents} cents`)
  return card.endsWith('0') ? 'declined' : 'accepted'
}

export function isSignedByProvider(body: string, signature: string) {
  const expected = Buffer.from(createHmac('sha256', requireEnv('SHOP_PAYMENT_SECRET')).update(body).digest('hex'))
  const given = Buffer.from(signature)
  return expected.length === given.length && timingSafeEqual(expected, given)
}
