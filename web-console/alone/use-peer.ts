import { useCallback, useEffect, useRef, useState } from 'react'
import { browserStorage, connect } from 'tilth/client'
import type { Balance, NetworkDescription, Offer, Tilth } from 'tilth/client'
import { z } from 'zod'
import { ownKey } from './key.ts'

/** As far as this page looks at it; the library checks the rest. */
const form = z.looseObject({
  chain: z.looseObject({
    rpc: z.string().optional(),
    pageRpc: z.string().optional(),
    chainId: z.int(),
    contracts: z.record(z.string(), z.unknown())
  }),
  bootstrap: z.array(z.string()).max(64).default([])
})
export type PageNetwork = z.infer<typeof form>

/** Of the file beside this page. @throws Error where there is none */
export async function readNetwork(): Promise<PageNetwork> {
  const answer = await fetch('./network.json', { cache: 'no-store' })
  if (!answer.ok) throw new Error('there is no network.json beside this page')
  return form.parse(await answer.json())
}

/** A day of this page may cost so much, whatever is asked. */
const perDay = 100n * 10n ** 18n

export interface PeerState {
  readonly tilth: Tilth | undefined
  readonly balance: Balance | undefined
  readonly offers: readonly Offer[]
  readonly isLooking: boolean
  readonly error: Error | undefined
  readonly join: (network: PageNetwork, rpc: string, peers: readonly string[]) => Promise<void>
  /** Balance and offers, as they are now: of models of this name from here on, or of all where it is ''. */
  readonly look: (name?: string) => Promise<void>
}

const errorOf = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** This page as a peer of a network. */
export function usePeer(): PeerState {
  const [tilth, setTilth] = useState<Tilth>()
  const [balance, setBalance] = useState<Balance>()
  const [offers, setOffers] = useState<readonly Offer[]>([])
  const [isLooking, setLooking] = useState(false)
  const [error, setError] = useState<Error>()
  const current = useRef<Tilth | undefined>(undefined)
  const wanted = useRef('')
  const latest = useRef<AbortController | undefined>(undefined)

  const lookBy = useCallback(async (peer: Tilth) => {
    // Of two looks at once the one that was asked for last is shown, whichever ends last.
    latest.current?.abort()
    const own = new AbortController()
    latest.current = own
    const { signal } = own
    const query = wanted.current === '' ? { signal } : { name: wanted.current, signal }
    setLooking(true)
    try {
      const has = await peer.balance()
      if (signal.aborted) return
      setBalance(has)
      const found: Offer[] = []
      for await (const offer of peer.offers(query)) found.push(offer)
      if (!signal.aborted) setOffers(found)
    } catch (cause) {
      if (!signal.aborted) setError(errorOf(cause))
    } finally {
      if (!signal.aborted) setLooking(false)
    }
  }, [])

  const join = useCallback(
    async (network: PageNetwork, rpc: string, peers: readonly string[]) => {
      setError(undefined)
      try {
        await current.current?.close()
        const description: NetworkDescription = { ...network, chain: { ...network.chain, rpc, pageRpc: rpc } }
        const wallet = { privateKey: await ownKey() }
        const storage = browserStorage()
        const made = await connect({ network: description, wallet, storage, peers, limits: { perDay } })
        current.current = made
        setTilth(made)
        await lookBy(made)
      } catch (cause) {
        setError(errorOf(cause))
      }
    },
    [lookBy]
  )
  const look = useCallback(
    async (name?: string) => {
      if (name !== undefined) wanted.current = name
      if (current.current !== undefined) await lookBy(current.current)
    },
    [lookBy]
  )

  useEffect(
    () => () => {
      void current.current?.close()
    },
    []
  )
  return { tilth, balance, offers, isLooking, error, join, look }
}
