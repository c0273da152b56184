import { AccountForm } from '@/components/account-form'
import { signUpAction } from '../actions'

export default function SignUpPage() {
  return (
    <>
      <h1>Create an account</h1>
      <AccountForm action={signUpAction} button="Sign up" withName />
    </>
  )
}
