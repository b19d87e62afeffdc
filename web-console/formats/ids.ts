/** An id as short as people tell apart: 0x1234…cdef, bafy…wxyz; a short one stays whole. */
export function shortId(id: string): string {
  if (id.length <= 14) return id
  return `${id.slice(0, id.startsWith('0x') ? 6 : 5)}…${id.slice(-4)}`
}

/** Of a field that takes an account and holds none. */
export const notAccount = 'It is no account, 0x and 40 digits, or some character of it is mistyped.'
