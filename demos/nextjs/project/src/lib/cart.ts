import { cookies } from 'next/headers'
import { findProduct, type Product } from './catalog'

const COOKIE = 'fc_cart'

type Quantities = Record<string, number>

async function readQuantities(): Promise<Quantities> {
  const jar = await cookies()
  try {
    return JSON.parse(jar.get(COOKIE)?.value ?? '{}')
  } catch {
    return {}
  }
}

async function writeQuantities(quantities: Quantities) {
  const jar = await cookies()
  jar.set(COOKIE, JSON.stringify(quantities), { path: '/', sameSite: 'lax' })
}

export async function getCart() {
  const lines: { product: Product; quantity: number }[] = []
  for (const [slug, quantity] of Object.entries(await readQuantities())) {
    const product = findProduct(slug)
    if (product && quantity > 0) lines.push({ product, quantity })
  }
  const totalCents = lines.reduce((sum, line) => sum + line.product.priceCents * line.quantity, 0)
  return { lines, totalCents }
}

export async function addToCart(slug: string, quantity: number) {
  const quantities = await readQuantities()
  quantities[slug] = (quantities[slug] ?? 0) + quantity
  await writeQuantities(quantities)
}

export async function removeFromCart(slug: string) {
  const quantities = await readQuantities()
  delete quantities[slug]
  await writeQuantities(quantities)
}

export async function emptyCart() {
  await writeQuantities({})
}
