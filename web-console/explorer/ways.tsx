import { useCall } from '../api/index.ts'
import { Notice, Read, Section } from '../parts/index.ts'
import { WayToChain } from './way.tsx'

/** The ways from a contribution or a receipt to the chain, as far as there are any. */
export function Ways({ id }: { readonly id: string }) {
  const found = useCall('proofs', { id })
  return (
    <Section title="The way to the chain">
      <Read from={found} what="the way to the chain">
        {({ proofs, why }) => (
          <div className="explorer-stack">
            {why === null ? null : <Notice title={why} />}
            {proofs.map(proof => (
              <WayToChain
                key={`${proof.kind} ${proof.kind === 'version' ? proof.version : proof.epoch}`}
                proof={proof}
              />
            ))}
          </div>
        )}
      </Read>
    </Section>
  )
}
