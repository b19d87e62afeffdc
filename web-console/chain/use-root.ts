import { useEffect, useState } from 'react'
import { useCall } from '../api/index.ts'
import { agrees } from './claim.ts'
import type { RootClaim, RootFound } from './claim.ts'
import { useWitness } from './use-witness.ts'
import type { Witness } from './witness.ts'

/** Whether a root is on chain, by whose word. */
export type RootWord =
  /** The daemon's word alone: nobody else was asked. */
  | { readonly state: 'unasked' }
  | { readonly state: 'asking'; readonly witness: Witness }
  | { readonly state: 'same' | 'other'; readonly witness: Witness; readonly found: RootFound; readonly at: string }
  | { readonly state: 'failed'; readonly witness: Witness; readonly error: Error; readonly again: () => void }

type Outcome = { readonly of: string } & ({ readonly found: RootFound } | { readonly error: Error })

/** Asks the witness, if there is one, whether a root is on chain. */
export function useRootOnChain(claim: RootClaim): RootWord {
  const witness = useWitness()
  const chain = useCall('status').data?.chain
  const [outcome, setOutcome] = useState<Outcome>()
  const [turn, setTurn] = useState(0)
  const by = witness === undefined ? undefined : witness.kind === 'rpc' ? witness.url : witness.wallet.id
  const of = [by, claim.kind, claim.of, claim.number, turn].join(' ')
  const isReady = witness !== undefined && chain !== undefined
  useEffect(() => {
    if (!isReady) return
    let isGone = false
    const tell = (next: Outcome): void => {
      if (!isGone) setOutcome(next)
    }
    import('./read-root.ts')
      .then(async ({ readRoot }) => readRoot(witness, chain, claim))
      .then(
        found => tell({ of, found }),
        (error: unknown) => tell({ of, error: error instanceof Error ? error : new TypeError(String(error)) })
      )
    return () => {
      isGone = true
    }
    // `of` names all that the answer depends on; status is read again and again and stays the same.
  }, [of, isReady])

  if (witness === undefined || chain === undefined) return { state: 'unasked' }
  if (outcome?.of !== of) return { state: 'asking', witness }
  if ('error' in outcome)
    return { state: 'failed', witness, error: outcome.error, again: () => setTurn(before => before + 1) }
  const { found } = outcome
  const at = chain.contracts[claim.kind === 'version' ? 'datanets' : 'anchor'] ?? ''
  return { state: agrees(claim, found) ? 'same' : 'other', witness, found, at }
}
