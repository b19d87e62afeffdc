import type { BazaarView } from '../../contract/index.ts'

/** The lowest price of an answer's token; undefined where nobody offers it. */
export const lowestPrice = ({ offers }: Pick<BazaarView, 'offers'>): bigint | undefined =>
  offers.map(({ outputPrice }) => BigInt(outputPrice)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[0]

const descending = (a: bigint | number, b: bigint | number): number => (a > b ? -1 : a < b ? 1 : 0)

/** How a list of models is ordered; what is alike keeps its place. What is not known comes last. */
export function orderOf(order: 'newest' | 'used' | 'quality' | 'price'): (a: BazaarView, b: BazaarView) => number {
  switch (order) {
    case 'newest':
      return () => 0
    case 'used':
      return (a, b) => descending(a.use?.answers ?? -1, b.use?.answers ?? -1)
    case 'quality':
      return (a, b) => descending(BigInt(a.quality?.tuned ?? -1), BigInt(b.quality?.tuned ?? -1))
    case 'price':
      return (a, b) => {
        const [x, y] = [lowestPrice(a), lowestPrice(b)]
        if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined)
        return descending(y, x)
      }
  }
}
