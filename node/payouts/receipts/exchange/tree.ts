import { childPrefix, digitsOf, leafIds, markOfChildren, markOfIds } from '../../../../protocol/payouts/index.ts'
import type { BranchOrLeaf, Sum } from '../../../../protocol/payouts/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { createCache } from '../../../runtime/index.ts'

/** Sums that are kept: each some 100 bytes, for about two million receipts that are open at once. */
const maxSums = 65_536

/** The tree of marks over the open receipts of each pool: what is read is summed up, what was summed up is kept. */
export interface Tree {
  sum(pool: Hex, prefix: string): Promise<Sum>
  look(pool: Hex, prefix: string): Promise<BranchOrLeaf>
  /** An id came or went: every sum on its way is another now. */
  changed(pool: Hex, id: Hex): void
}

/** @param read ids of a pool's open receipts that begin so, ascending, at most so many */
export function createTree(
  read: (pool: Hex, prefix: string, limit: number) => Promise<Hex[]>,
  { bound = maxSums }: { bound?: number } = {}
): Tree {
  const sums = createCache<string, Sum>({ max: bound })
  /** What is being summed up: of what changes meanwhile, the sum is not kept. */
  const running = new Map<string, { stale: boolean; work: Promise<Sum> }>()
  const keyOf = (pool: Hex, prefix: string): string => `${pool}/${prefix}`

  async function compute(pool: Hex, prefix: string): Promise<Sum> {
    const ids = await read(pool, prefix, leafIds + 1)
    if (ids.length <= leafIds) return { count: ids.length, mark: markOfIds(ids) }
    const children = await childrenOf(pool, prefix)
    return { count: children.reduce((total, { count }) => total + count, 0), mark: markOfChildren(children) }
  }

  async function childrenOf(pool: Hex, prefix: string): Promise<Sum[]> {
    const children: Sum[] = []
    for (let digit = 0; digit < 16; digit++) children.push(await sum(pool, childPrefix(prefix, digit)))
    return children
  }

  function sum(pool: Hex, prefix: string): Promise<Sum> {
    const key = keyOf(pool, prefix)
    const known = sums.get(key)
    if (known !== undefined) return Promise.resolve(known)
    const already = running.get(key)
    if (already !== undefined && !already.stale) return already.work
    const entry = {
      stale: false,
      work: compute(pool, prefix).then(
        found => {
          if (running.get(key) === entry) running.delete(key)
          if (!entry.stale) sums.set(key, found)
          return found
        },
        (error: unknown) => {
          if (running.get(key) === entry) running.delete(key)
          throw error
        }
      )
    }
    running.set(key, entry)
    return entry.work
  }

  return {
    sum,
    async look(pool, prefix) {
      const ids = await read(pool, prefix, leafIds + 1)
      return ids.length <= leafIds ? { prefix, ids } : { prefix, children: await childrenOf(pool, prefix) }
    },
    changed(pool, id) {
      const digits = digitsOf(id)
      for (let length = 0; length <= digits.length; length++) {
        const key = keyOf(pool, digits.slice(0, length))
        sums.delete(key)
        const entry = running.get(key)
        if (entry !== undefined) entry.stale = true
      }
    }
  }
}
