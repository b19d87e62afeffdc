import { useMemo } from 'react'
import type { Hex } from '../../protocol/primitives/hex.ts'
import type { ProofView } from '../../daemon/api/contract/explorer.ts'
import { places } from '../app/places.ts'
import { RootOnChain, useRootOnChain } from '../chain/index.ts'
import type { RootClaim } from '../chain/index.ts'
import { manyText } from '../formats/index.ts'
import { Amount, Card, Go, Id, Mark } from '../parts/index.ts'
import { goWay } from './verify.ts'

const leaves = {
  version: 'The leaf: this contribution, its contributor, its file, and which of its rows count',
  receipt: 'The leaf: this receipt with both signatures; it carries the fee',
  payout: 'The leaf: this account, and all that it may claim from the Datanet so far'
} as const
const trees = {
  version: 'the version',
  receipt: 'the epoch’s receipts',
  payout: 'the epoch’s payouts'
} as const

/** Which root is to be on chain. */
function claimOf(proof: ProofView): RootClaim {
  if (proof.kind === 'version')
    return { kind: 'version', of: proof.datanet as Hex, number: proof.version, root: proof.root as Hex }
  const { pool, epoch, root } = proof
  const kind = proof.kind === 'receipt' ? 'receipts' : 'payouts'
  return { kind, of: pool as Hex, number: epoch, root: root.hash as Hex, sum: root.sum }
}

/** The way from a leaf to the root on chain, each step made again in this browser. */
export function WayToChain({ proof }: { readonly proof: ProofView }) {
  const way = useMemo(() => goWay(proof), [proof])
  const claim = useMemo(() => claimOf(proof), [proof])
  const word = useRootOnChain(claim)
  const last = way.steps.length - 1
  const where =
    proof.kind === 'version'
      ? { name: `version ${proof.version}`, to: places.version(proof.datanet, proof.version) }
      : { name: `epoch ${proof.epoch}`, to: places.epoch(proof.pool, proof.epoch) }
  return (
    <Card phase={way.holds && word.state !== 'other' ? 'payouts' : 'wrong'}>
      <p className="way-says">
        <Mark holds={way.holds} />
        <span>
          {way.holds
            ? `This browser went the way in ${manyText(last, 'step')}, and came to the root of ` +
              `${trees[proof.kind]}.`
            : `The way does not lead to the root of ${trees[proof.kind]}.`}{' '}
          Whoever changes anything below changes the root.
        </span>
      </p>
      <ol className="way" aria-label="From the leaf to the root">
        {way.steps.map(({ hash, sum, neighbour }, at) => (
          <li key={hash} className="way-step" data-last={at === last}>
            <span className="way-node">
              <span className="mono">{hash}</span>
              {sum === undefined ? null : <Amount of={sum} />}
            </span>
            <span className="way-note">
              {neighbour === null ? (
                leaves[proof.kind]
              ) : (
                <>
                  {at === last ? 'The root: the' : 'The'} hash of the one before and its {neighbour.side} neighbour{' '}
                  <span className="mono">{neighbour.hash}</span>
                  {neighbour.sum === undefined ? null : (
                    <>
                      , which carries <Amount of={neighbour.sum} />
                    </>
                  )}
                </>
              )}
            </span>
          </li>
        ))}
        <li className="way-step way-chain">
          <div className="way-node">
            <RootOnChain word={word}>
              <Go to={where.to}>{where.name}</Go>
              {proof.kind === 'version' || proof.state === 'final' ? '' : `, which is ${proof.state}`}
            </RootOnChain>
          </div>
          <span className="way-note">
            {proof.transaction === null ? (
              'The transaction that brought it is not read yet.'
            ) : (
              <>
                Brought by transaction <Id id={proof.transaction} to={places.transaction(proof.transaction)} />
                {proof.block === null ? null : ` in block ${proof.block}`}
              </>
            )}
          </span>
        </li>
      </ol>
    </Card>
  )
}
