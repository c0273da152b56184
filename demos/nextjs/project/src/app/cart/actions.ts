'use server'

import { revalidatePath } from 'next/cache'
import { addToCart, removeFromCart } from '@/lib/cart'
import { findProduct } from '@/lib/catalog'

export async function addToCartAction(slug: string, quantity: number) {
  if (!findProduct(slug) || quantity < 1) return
  await addToCart(slug, quantity)
  revalidatePath('/cart')
}

export async function removeFromCartAction(form: FormData) {
  await removeFromCart(String(form.get('slug')))
  revalidatePath('/cart')
}
