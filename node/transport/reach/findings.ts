import { remember } from '../../runtime/index.ts'
import type { Clock } from '../../runtime/index.ts'

/** Peers of which is remembered that they could not dial an address: of more, those that tried last. */
const maxFailed = 64

/** What peers found of an address of this node. */
export interface Finding {
  /** Who dialled it last, and when, if nobody has failed since. */
  readonly dialled: { readonly by: string; readonly at: number } | undefined
  /** Peers that could not, since somebody last could. */
  readonly failed: readonly string[]
}

/** What peers found, by address. */
export interface Findings {
  of(address: string): Finding
  dialled(address: string, peer: string): void
  failed(address: string, peer: string): void
  /** Forgets all other addresses. */
  keep(addresses: readonly string[]): void
  /** Whether any address was dialled; whether anybody failed with one. */
  good(): boolean
  bad(): boolean
}

export function createFindings(clock: Pick<Clock, 'now'>): Findings {
  const all = new Map<string, { dialled: Finding['dialled']; failed: Map<string, true> }>() // a handful
  const entry = (address: string) => {
    const known = all.get(address) ?? { dialled: undefined, failed: new Map<string, true>() }
    all.set(address, known)
    return known
  }
  return {
    of(address) {
      const found = all.get(address)
      return { dialled: found?.dialled, failed: [...(found?.failed.keys() ?? [])] }
    },
    dialled(address, peer) {
      const found = entry(address)
      found.dialled = { by: peer, at: clock.now() }
      found.failed.clear()
    },
    failed(address, peer) {
      const found = entry(address)
      found.dialled = undefined
      remember(found.failed, peer, true, maxFailed)
    },
    keep(addresses) {
      for (const address of all.keys()) if (!addresses.includes(address)) all.delete(address)
    },
    good: () => [...all.values()].some(({ dialled }) => dialled !== undefined),
    bad: () => [...all.values()].some(({ failed }) => failed.size > 0)
  }
}
