import type { MatchesView, QualityView } from '../../../daemon/api/contract/bazaar.ts'
import { numberText } from '../../formats/index.ts'
import { exactText, likelyOf } from '../bazaar/words.ts'
import './quality-bar.css'

interface QualityBarProps {
  readonly quality: QualityView
  readonly matches: MatchesView | null
}

/**
 * How likely the known answers to held-out questions are, by the base model alone and by the model; and how many it
 * gives exactly so.
 */
export function QualityBar({ quality, matches }: QualityBarProps) {
  const [base, tuned] = [likelyOf(quality.base), likelyOf(quality.tuned)]
  const said = [numberText(base, 2), numberText(tuned, 2)]
  const label = `Probability of the known answers: base model ${said[0]}, this model ${said[1]}`
  return (
    <div className="quality">
      <div className="quality-head">
        <span>Held-out answers</span>
        <span>
          {numberText(base, 2)} → <b>{numberText(tuned, 2)}</b>
        </span>
      </div>
      <div className="quality-track" role="img" aria-label={label}>
        <span className="quality-tuned" style={{ width: `${Math.min(100, tuned * 100)}%` }} />
        <span className="quality-base" style={{ left: `${Math.min(100, base * 100)}%` }} />
      </div>
      {matches === null ? null : <p className="quality-exact">{exactText(matches)}</p>}
    </div>
  )
}
