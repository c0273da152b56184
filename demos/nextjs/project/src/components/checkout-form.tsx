'use client'

import { useActionState } from 'react'
import { checkoutAction } from '@/app/checkout/actions'

export function CheckoutForm() {
  const [state, formAction, pending] = useActionState(checkoutAction, {})

  return (
    <form action={formAction} className="stack">
      <input name="card" placeholder="Card number" inputMode="numeric" required />
      {state.error && <p className="error">{state.error}</p>}
      <button disabled={pending}>Pay</button>
    </form>
  )
}
