import { notFound } from 'next/navigation'
import { AddToCart } from '@/components/add-to-cart'
import { findProduct, formatPrice } from '@/lib/catalog'

export default async function ProductPage({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params
  const product = findProduct(slug)
  if (!product) notFound()

  return (
    <>
      <h1>{product.name}</h1>
      <p>{product.blurb}</p>
      <p>{formatPrice(product.priceCents)}</p>
      <AddToCart slug={product.slug} />
    </>
  )
}
