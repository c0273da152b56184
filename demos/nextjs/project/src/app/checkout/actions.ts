'use server'

import { redirect } from 'next/navigation'
import { emptyCart, getCart } from '@/lib/cart'
import { createOrder } from '@/lib/orders'
import { startPayment } from '@/lib/payments'
import { getCurrentUser } from '@/lib/session'

export interface CheckoutState {
  error?: string
}

export async function checkoutAction(_state: CheckoutState, form: FormData): Promise<CheckoutState> {
  const user = await getCurrentUser()
  if (!user) redirect('/login')

  const { lines, totalCents } = await getCart()
  if (lines.length === 0) redirect('/cart')

  let outcome
  try {
    outcome = await startPayment(String(form.get('card') ?? ''), totalCents)
  } catch (error) {
    console.error('payment failed', error)
    return { error: 'We cannot take payments right now. Nothing was charged.' }
  }
  if (outcome === 'declined') return { error: 'The card was declined.' }

  const order = createOrder(
    user.id,
    lines.map(({ product, quantity }) => ({ slug: product.slug, quantity })),
    totalCents,
  )
  await emptyCart()
  redirect(`/orders/${order.id}`)
}
