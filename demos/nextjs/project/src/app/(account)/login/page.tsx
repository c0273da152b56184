import { AccountForm } from '@/components/account-form'
import { loginAction } from '../actions'

export default function LoginPage() {
  return (
    <>
      <h1>Log in</h1>
      <AccountForm action={loginAction} button="Log in" />
    </>
  )
}
