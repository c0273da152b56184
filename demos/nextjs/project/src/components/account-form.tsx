'use client'

import { useActionState } from 'react'
import type { FormState } from '@/app/(account)/actions'

interface Props {
  action: (state: FormState, form: FormData) => Promise<FormState>
  button: string
  withName?: boolean
}

export function AccountForm({ action, button, withName = false }: Props) {
  const [state, formAction, pending] = useActionState(action, {})

  return (
    <form action={formAction} className="stack">
      {withName && <input name="name" placeholder="Name" autoComplete="name" required />}
      <input name="email" type="email" placeholder="Email" autoComplete="email" required />
      <input name="password" type="password" placeholder="Password" required />
      {state.error && <p className="error">{state.error}</p>}
      <button disabled={pending}>{button}</button>
    </form>
  )
}
