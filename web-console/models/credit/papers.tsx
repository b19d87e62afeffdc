import { useMemo } from 'react'
import type { ReceiptProofView } from '../../../daemon/api/contract/bazaar.ts'
import type { Hex } from '../../../protocol/primitives/hex.ts'
import { places } from '../../app/places.ts'
import { RootStands } from '../../chain/index.ts'
import { Amount, Card, Empty, Go, Id, Section, Who } from '../../parts/index.ts'
import { verify } from './verify.ts'
import type { Finding } from './verify.ts'

const inWords: Readonly<Record<Finding, string>> = {
  good: 'holds, as this browser has checked',
  wrong: 'does not hold',
  open: 'was not checked here'
}

/** Each signature with what this browser finds of it, and the receipt's way to the root on chain. */
export function Papers({ proof }: { readonly proof: ReceiptProofView }) {
  const findings = useMemo(() => verify(proof), [proof])
  const { receipt, scorings, place } = proof
  return (
    <>
      <Section
        title="Signatures"
        actions={<Go to={places.statements(proof.view.id)}>Every field, as it was signed</Go>}
        note="Checked in this browser by the network's own rules, not taken from the daemon's word."
      >
        <ul className="papers">
          <Signature by={receipt.client} as="client" finding={findings.receipt} signature={receipt.clientSignature} />
          <Signature by={receipt.worker} as="worker" finding={findings.receipt} signature={receipt.receipt.signature} />
          {scorings.map(({ statement }) => {
            const scorer = String(statement.message['scorer'])
            return (
              <Signature
                key={scorer}
                by={scorer}
                as="scorer"
                finding={findings.scorings[scorer] ?? 'open'}
                signature={statement.signature}
              />
            )
          })}
        </ul>
        {scorings.length === 0 ? null : (
          <p>
            That the weights follow from what the scorers measured{' '}
            {findings.arithmetic === 'open'
              ? 'would take this browser too long to compute; whoever watches the epoch has.'
              : `${inWords[findings.arithmetic]}.`}
          </p>
        )}
      </Section>
      <Section
        title="Its way to the chain"
        note="Each line is hashed with the one before it; the last is the root on chain, with the sum of all fees."
      >
        {place === null ? (
          <Empty title={proof.division === 'none' ? 'No epoch counts it.' : 'No epoch has taken it up yet.'}>
            <span>
              {proof.division === 'none'
                ? 'Its model learnt from nobody’s rows: there is nobody to divide its fee among.'
                : 'A settler closes an epoch once fees wait for it; then the way stands here.'}
            </span>
          </Empty>
        ) : place.proof === null ? (
          <Empty title="The epoch's bundle cannot be had now.">
            <span>Its way to the root follows from the bundle, which some peer keeps; try again later.</span>
          </Empty>
        ) : (
          <Card phase="payouts">
            <ol className="path mono">
              <li>
                this receipt, leaf {place.proof.index}, <Amount of={proof.view.fee} />
              </li>
              {place.proof.siblings.map(({ hash, sum }, at) => (
                <li key={at}>
                  + {hash.slice(0, 18)}… <Amount of={sum} />
                </li>
              ))}
              <li>
                = root {place.root.hash.slice(0, 18)}… <Amount of={place.root.sum} /> ({inWords[findings.place]})
              </li>
            </ol>
            <RootStands
              claim={{
                kind: 'receipts',
                of: place.pool as Hex,
                number: place.epoch,
                root: place.root.hash as Hex,
                sum: place.root.sum
              }}
            >
              the answers that epoch {place.epoch} counts
            </RootStands>
            <p>
              <Go to={places.epoch(place.pool, place.epoch)}>Epoch {place.epoch}</Go>
              {place.transaction === null ? null : (
                <>
                  , proposed by transaction <Id id={place.transaction} to={places.transaction(place.transaction)} />
                </>
              )}
            </p>
          </Card>
        )}
      </Section>
    </>
  )
}

interface SignatureProps {
  readonly by: string
  readonly as: string
  readonly finding: Finding
  readonly signature: string
}

function Signature({ by, as, finding, signature }: SignatureProps) {
  return (
    <li className="paper" data-finding={finding}>
      <span>
        <Who account={by} /> as {as}
      </span>
      <span className="paper-finding">{inWords[finding]}</span>
      <code title={signature}>{signature.slice(0, 26)}…</code>
    </li>
  )
}
