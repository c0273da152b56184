import { redirect } from 'next/navigation'
import { CheckoutForm } from '@/components/checkout-form'
import { getCart } from '@/lib/cart'
import { formatPrice } from '@/lib/catalog'

export default async function CheckoutPage() {
  const { lines, totalCents } = await getCart()
  if (lines.length === 0) redirect('/cart')

  return (
    <>
      <h1>Check out</h1>
      <p>You pay {formatPrice(totalCents)}.</p>
      <CheckoutForm />
    </>
  )
}
