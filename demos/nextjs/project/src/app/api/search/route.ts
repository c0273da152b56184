import { NextResponse } from 'next/server'
import { searchProducts } from '@/lib/catalog'

export function GET(request: Request) {
  const query = new URL(request.url).searchParams.get('q') ?? ''
  const results = searchProducts(query).map(({ slug, name }) => ({ slug, name }))
  return NextResponse.json(results)
}
