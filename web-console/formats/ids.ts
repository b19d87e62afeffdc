/** An id as short as people tell apart: 0x1234…cdef, bafy…wxyz; a short one stays whole. */
export function shortId(id: string): string {
  if (id.length <= 14) return id
  return `${id.slice(0, id.startsWith('0x') ? 6 : 5)}…${id.slice(-4)}`
}
