'use server'

import { redirect } from 'next/navigation'
import { createSession, destroySession } from '@/lib/session'
import { createUser, findUserByEmail, passwordMatches } from '@/lib/users'

export interface FormState {
  error?: string
}

export async function signUpAction(_state: FormState, form: FormData): Promise<FormState> {
  const name = String(form.get('name') ?? '').trim()
  const email = String(form.get('email') ?? '').trim()
  const password = String(form.get('password') ?? '')

  if (!name || !email.includes('@')) return { error: 'Please fill in your name and email.' }
  if (password.length < 8) return { error: 'The password needs eight characters.' }
  if (findUserByEmail(email)) return { error: 'There is an account with this email.' }

  const user = createUser(name, email, password)
  await createSession(user.id)
  redirect('/')
}

export async function loginAction(_state: FormState, form: FormData): Promise<FormState> {
  const user = findUserByEmail(String(form.get('email') ?? '').trim())
  if (!user || !passwordMatches(user, String(form.get('password') ?? ''))) {
    return { error: 'Email or password is wrong.' }
  }
  await createSession(user.id)
  redirect('/')
}

export async function logoutAction() {
  await destroySession()
  redirect('/')
}
