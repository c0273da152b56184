import Link from 'next/link'
import { SearchBox } from '@/components/search-box'
import { allProducts, formatPrice } from '@/lib/catalog'

export default function HomePage() {
  return (
    <>
      <h1>Plants and pots</h1>
      <SearchBox />
      <ul>
        {allProducts().map((product) => (
          <li key={product.slug}>
            <Link href={`/products/${product.slug}`}>{product.name}</Link> {formatPrice(product.priceCents)}
          </li>
        ))}
      </ul>
    </>
  )
}
