import type { Phase } from '../../protocol/flow.ts'
import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { shareText } from '../formats/index.ts'
import { Amount, Go, Section } from '../parts/index.ts'
import './fees.css'

interface Part {
  readonly name: string
  readonly phase: Phase
  readonly amount: bigint
}

/** Where every fee went, from the chain; nothing before the first one came there. */
export function Fees() {
  const { data } = useCall('accounting')
  if (data === undefined) return null
  const parts: readonly Part[] = [
    { name: 'workers, who answered', phase: 'jobs', amount: BigInt(data.workers) },
    { name: 'builders, who made the models', phase: 'models', amount: BigInt(data.builders) },
    { name: 'contributors, whose data helped', phase: 'data', amount: BigInt(data.dataPaid) },
    { name: 'waiting for contributors', phase: 'payouts', amount: BigInt(data.dataHeld) }
  ]
  const whole = parts.reduce((sum, { amount }) => sum + amount, 0n)
  if (whole === 0n) return null
  const shareOf = (amount: bigint): number => Number((amount * 1_000_000n) / whole) / 1_000_000
  const shown = parts.filter(({ amount }) => amount > 0n)
  return (
    <Section
      title="Where every fee went"
      note="Added up from the chain: nothing is lost on the way, and nobody takes a cut that is not here."
      actions={<Go to={places.earnings}>What you earned</Go>}
    >
      <div className="fees-bar" aria-hidden="true">
        {shown.map(({ name, phase, amount }) => (
          <span key={name} data-phase={phase} style={{ flexGrow: Math.max(0.01, shareOf(amount)) }} />
        ))}
      </div>
      <ul className="fees">
        {shown.map(({ name, phase, amount }) => (
          <li key={name} data-phase={phase}>
            <span className="fees-share">{shareText(shareOf(amount))}</span>
            <Amount of={amount} />
            <span>{name}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}
