import Link from 'next/link'
import { getCart } from '@/lib/cart'
import { formatPrice } from '@/lib/catalog'
import { removeFromCartAction } from './actions'

export default async function CartPage() {
  const { lines, totalCents } = await getCart()
  if (lines.length === 0) return <p>Your cart is empty.</p>

  return (
    <>
      <h1>Cart</h1>
      {lines.map(({ product, quantity }) => (
        <form key={product.slug} action={removeFromCartAction} className="row">
          <input type="hidden" name="slug" value={product.slug} />
          {quantity} × {product.name}
          <button>Remove</button>
        </form>
      ))}
      <p>{formatPrice(totalCents)}</p>
      <Link href="/checkout">Check out</Link>
    </>
  )
}
