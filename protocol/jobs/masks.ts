// Coalitions as bitmasks: bit i is player i.

export const coalitionSize = (coalition: bigint): number => coalition.toString(2).replaceAll('0', '').length
export const hasPlayer = (coalition: bigint, player: number): boolean => ((coalition >> BigInt(player)) & 1n) === 1n
