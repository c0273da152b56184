export function requireEnv(name: 'SHOP_SESSION_SECRET' | 'SHOP_PAYMENT_SECRET') {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set; see .env.example`)
  return value
}
