'use client'

export default function ErrorPage({ reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <>
      <h1>Something broke</h1>
      <button onClick={reset}>Try again</button>
    </>
  )
}
