'use client'

import { useState, useTransition } from 'react'
import { addToCartAction } from '@/app/cart/actions'

export function AddToCart({ slug }: { slug: string }) {
  const [quantity, setQuantity] = useState(1)
  const [added, setAdded] = useState(false)
  const [pending, startTransition] = useTransition()

  function handleClick() {
    startTransition(async () => {
      await addToCartAction(slug, quantity)
      setAdded(true)
    })
  }

  return (
    <p className="row">
      <input
        type="number"
        min={1}
        value={quantity}
        onChange={(event) => setQuantity(Number(event.target.value))}
        aria-label="Quantity"
      />
      <button onClick={handleClick} disabled={pending}>
        {added ? 'Added' : 'Add to cart'}
      </button>
    </p>
  )
}
