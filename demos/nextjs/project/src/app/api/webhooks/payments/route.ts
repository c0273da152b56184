import { NextResponse } from 'next/server'
import { setOrderStatus } from '@/lib/orders'
import { isSignedByProvider } from '@/lib/payments'

const STATUSES = { 'payment.succeeded': 'paid', 'payment.failed': 'failed' } as const

export async function POST(request: Request) {
  const body = await request.text()
  if (!isSignedByProvider(body, request.headers.get('x-signature') ?? '')) {
    return NextResponse.json({ error: 'bad signature' }, { status: 403 })
  }

  const event: { type: string; orderId: string } = JSON.parse(body)
  const status = STATUSES[event.type as keyof typeof STATUSES]
  if (!status) return new NextResponse(null, { status: 204 })

  const order = setOrderStatus(event.orderId, status)
  if (!order) return NextResponse.json({ error: 'unknown order' }, { status: 404 })
  return NextResponse.json({ status: order.status })
}
