import type { WhyShareView } from '../../daemon/api/contract/earnings.ts'
import { amountText, numberText } from '../formats/index.ts'

/** Millionths as a part of one. */
const partText = (millionths: string): string => numberText(Number(millionths) / 1e6, 4)

/** Every number that the share follows from, in the order of the arithmetic. */
export function Arithmetic({ view }: { readonly view: WhyShareView }) {
  const { dataFees, held, weighed, scoring, heldOutParts, released, gates, share, heldOutShare, scoringShare } = view
  const own = BigInt(share) - BigInt(heldOutShare) - BigInt(scoringShare)
  return (
    <div className="calc">
      <div>
        {amountText(dataFees)} to share out = {amountText(weighed)} by weighed answers, each by itself
        {BigInt(scoring) > 0n ? ` + ${amountText(scoring)} to who weighed them` : ''}
        {heldOutParts.map(({ model, name, money }) => (
          <span key={model}>
            {' '}
            + {amountText(money)} by held-out values of {name}
          </span>
        ))}
        {BigInt(released) > 0n ? ` + ${amountText(released)} that was held or given` : ''}
        {BigInt(held) > 0n ? ` + ${amountText(held)} held` : ''}
      </div>
      {gates.map(({ model, name, calibration, most, part }) => (
        <div key={model}>
          {name}: believed = min(1, max(0, H ÷ O)) = {partText(calibration)}, of at most {partText(most)}, h ={' '}
          {partText(part)}
        </div>
      ))}
      <div>of an answer’s money = its part of what all rows added × believed, and of the rest × h</div>
      <div>
        share = {amountText(own)} by answers + {amountText(heldOutShare)} by held-out values
        {BigInt(scoringShare) > 0n ? ` + ${amountText(scoringShare)} for weighing` : ''} = {amountText(share)}
      </div>
    </div>
  )
}
