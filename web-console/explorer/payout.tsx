import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { GoButton, Page as Frame, Read, Who } from '../parts/index.ts'
import { WayToChain } from './way.tsx'
import './explorer.css'

/** The way from what an account may claim to the root on chain: what the contract checks when it pays. */
export function Page() {
  const account = useParameter('account')
  const pool = useParameter('pool')
  const epoch = Number(useParameter('epoch'))
  const proof = useCall('payoutProof', { account, pool, epoch })
  return (
    <Frame
      title="What may be claimed stands on chain, by one hash"
      lead={
        <>
          The contract pays <Who account={account} /> by the same steps, from the account and its amount to the root.
        </>
      }
      actions={<GoButton to={places.why(account, pool, epoch)}>Why this much?</GoButton>}
      phase="payouts"
    >
      <Read from={proof} what="the way to the chain">
        {({ proofs }) => (
          <div className="explorer-stack">
            {proofs.map(one => (
              <WayToChain key={one.kind} proof={one} />
            ))}
          </div>
        )}
      </Read>
    </Frame>
  )
}
