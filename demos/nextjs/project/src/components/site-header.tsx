import Link from 'next/link'
import { logoutAction } from '@/app/(account)/actions'
import { getCurrentUser } from '@/lib/session'

export async function SiteHeader() {
  const user = await getCurrentUser()

  return (
    <header>
      <Link href="/">Fern &amp; Clay</Link>
      <Link href="/cart">Cart</Link>
      {user ? (
        <form action={logoutAction}>
          Hello {user.name} <button>Log out</button>
        </form>
      ) : (
        <>
          <Link href="/login">Log in</Link>
          <Link href="/sign-up">Sign up</Link>
        </>
      )}
    </header>
  )
}
