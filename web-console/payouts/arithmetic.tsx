import type { WhyShareView } from '../../daemon/api/contract/earnings.ts'
import { amountText, numberText, weightText } from '../formats/index.ts'

/** A value V in 1e-10 of the smallest unit, as tokens: what its rows added, in fees. */
const valueText = (value: string): string => `${numberText(Number(BigInt(value)) / 1e28, 4)} TILTH`

/** Every number that the share follows from, in the order of the arithmetic. */
export function Arithmetic({ view }: { readonly view: WhyShareView }) {
  const { dataFees, weighed, heldOutParts, value, values, gate, share, heldOutShare, rule } = view
  const own = BigInt(share) - BigInt(heldOutShare)
  return (
    <div className="calc">
      <div>
        {amountText(dataFees)} shared out = {amountText(weighed)} by weighed answers
        {heldOutParts.map(({ model, name, money }) => (
          <span key={model}>
            {' '}
            + {amountText(money)} by held-out values of {name}
          </span>
        ))}
      </div>
      <div>V = Σ data fee × weight = {valueText(value)}</div>
      <div>gate = {gate === null ? 'none: no player' : `${weightText(gate)}, must be above 0`}</div>
      <div>ΣV of all who pass = {valueText(values)}</div>
      <div>
        {rule === 'paid'
          ? `share = ${amountText(weighed)} × ${valueText(value)} ÷ ${valueText(values)} = ${amountText(own)}`
          : 'share = 0'}
        {BigInt(heldOutShare) > 0n ? ` + ${amountText(heldOutShare)} by held-out value = ${amountText(share)}` : ''}
      </div>
    </div>
  )
}
