import type { WhyShareView } from '../../daemon/api/contract/earnings.ts'
import { amountText, numberText } from '../formats/index.ts'

/** Millionths as a part of one. */
const partText = (millionths: string): string => numberText(Number(millionths) / 1e6, 4)

/** Every number that the share follows from, in the order of the arithmetic. */
export function Arithmetic({ view }: { readonly view: WhyShareView }) {
  const { dataFees, held, weighed, scoring, heldOutParts, released, gates, share, heldOutShare, scoringShare } = view
  const { vestedShare, resettled, keptBack, keptUntil } = view
  const own = BigInt(share) - BigInt(heldOutShare) - BigInt(scoringShare) - BigInt(vestedShare)
  const moved = BigInt(resettled)
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
      {gates.length === 0 ? null : (
        <div>
          H: what its rows add to true answers of held-out questions; O: what they add to the model’s own answers to
          those; h: its part of what all rows add to the true ones
        </div>
      )}
      <div>of an answer’s money = its part of what all rows added × believed, and of the rest × h</div>
      <div>
        share = {amountText(own)} by answers + {amountText(heldOutShare)} by held-out values
        {BigInt(scoringShare) > 0n ? ` + ${amountText(scoringShare)} for weighing` : ''}
        {BigInt(vestedShare) > 0n ? ` + ${amountText(vestedShare)} that earlier epochs had kept back` : ''} ={' '}
        {amountText(share)}
      </div>
      {moved === 0n ? null : (
        <div>
          of what was kept back {amountText(String(moved < 0n ? -moved : moved))} {moved > 0n ? 'more' : 'less'} than at
          first, by what a later version shows
        </div>
      )}
      {BigInt(keptBack) > 0n ? (
        <div>
          {amountText(keptBack)} more is kept back until epoch {keptUntil} at most, for what later versions show
        </div>
      ) : null}
    </div>
  )
}
