'use client'

import Link from 'next/link'
import { type FormEvent, useState } from 'react'

type Result = { slug: string; name: string }

export function SearchBox() {
  const [results, setResults] = useState<Result[] | null>(null)

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const query = String(new FormData(event.currentTarget).get('q') ?? '')
    const response = await fetch(`/api/search?q=${encodeURIComponent(query)}`)
    setResults(response.ok ? await response.json() : [])
  }

  return (
    <form onSubmit={handleSubmit} role="search" className="row">
      <input name="q" type="search" placeholder="Fern, pot, …" />
      <button>Search</button>
      {results?.length === 0 && <span>Nothing found.</span>}
      {results?.map((result) => (
        <Link key={result.slug} href={`/products/${result.slug}`}>
          {result.name}
        </Link>
      ))}
    </form>
  )
}
