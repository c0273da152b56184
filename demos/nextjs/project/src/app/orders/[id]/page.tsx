import { notFound } from 'next/navigation'
import { formatPrice } from '@/lib/catalog'
import { findOrder } from '@/lib/orders'
import { getCurrentUser } from '@/lib/session'

export default async function OrderPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const user = await getCurrentUser()
  const order = findOrder(id)
  if (!order || order.userId !== user?.id) notFound()

  return (
    <>
      <h1>Thank you</h1>
      <p>
        Your order of {formatPrice(order.totalCents)} is {order.status}.
      </p>
    </>
  )
}
