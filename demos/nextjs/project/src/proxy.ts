import { type NextRequest, NextResponse } from 'next/server'

const PRIVATE = ['/checkout', '/orders']

export function proxy(request: NextRequest) {
  const { pathname } = request.nextUrl
  const isPrivate = PRIVATE.some((path) => pathname === path || pathname.startsWith(`${path}/`))
  if (isPrivate && !request.cookies.has('fc_session')) {
    return NextResponse.redirect(new URL('/login', request.url))
  }
  return NextResponse.next()
}

export const config = {
  matcher: ['/((?!api|_next|favicon.ico).*)'],
}
