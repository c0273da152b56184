export interface Product {
  slug: string
  name: string
  kind: 'plant' | 'pot'
  priceCents: number
  blurb: string
}

const products: Product[] = [
  { slug: 'boston-fern', name: 'Boston fern', kind: 'plant', priceCents: 1800, blurb: 'Likes a bathroom with a window.' },
  { slug: 'string-of-pearls', name: 'String of pearls', kind: 'plant', priceCents: 1450, blurb: 'Water it when the pearls wrinkle.' },
  { slug: 'snake-plant', name: 'Snake plant', kind: 'plant', priceCents: 2200, blurb: 'Forgives almost everything.' },
  { slug: 'speckled-planter', name: 'Speckled planter', kind: 'pot', priceCents: 3400, blurb: 'Stoneware, 16 cm, with a saucer.' },
  { slug: 'hanging-bowl', name: 'Hanging bowl', kind: 'pot', priceCents: 2900, blurb: 'Terracotta, with a cotton rope.' },
]

export function allProducts() {
  return products
}

export function findProduct(slug: string) {
  return products.find((product) => product.slug === slug)
}

export function searchProducts(query: string) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return products.filter((product) =>
    words.every((word) => `${product.name} ${product.kind} ${product.blurb}`.toLowerCase().includes(word)),
  )
}

export function formatPrice(cents: number) {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }).format(cents / 100)
}
