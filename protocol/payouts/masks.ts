// Coalitions as bitmasks: bit i is player i.

export const sizeOf = (coalition: bigint): number => {
  let size = 0
  for (let rest = coalition; rest > 0n; rest >>= 1n) size += Number(rest & 1n)
  return size
}
export const has = (coalition: bigint, player: number): boolean => ((coalition >> BigInt(player)) & 1n) === 1n
