import type { ModelUseView } from '../../../daemon/api/contract/bazaar.ts'
import { useCall } from '../../api/index.ts'
import { countText, manyText } from '../../formats/index.ts'
import { Amount, Empty, Facts, Read, Section, When } from '../../parts/index.ts'

const daysShown = 30
const msOfDay = 86_400_000

/** How much it is asked, and whether clients come back, from receipts. */
export function Use({ model }: { readonly model: string }) {
  const use = useCall('modelUse', { id: model, days: daysShown })
  return (
    <Section title="Who uses it" note="Counted from the receipts that this node has heard of, signed by both sides.">
      <Read from={use} what="its use">
        {({ all, days }) =>
          all === null ? (
            <Empty title="Nobody has asked it yet, as far as this node has heard." />
          ) : (
            <>
              <Facts
                facts={[
                  ['Answers', countText(all.answers)],
                  ['Tokens written', countText(all.outputTokens)],
                  ['Fees', <Amount key="fees" of={all.fees} />],
                  ['Clients', countText(all.clients)],
                  ['Came back another day', countText(all.returning)],
                  ['Last asked', <When key="last" at={all.lastAt} />]
                ]}
              />
              <Days days={days} />
            </>
          )
        }
      </Read>
    </Section>
  )
}

/** A bar for each of the last days, with those of clients who came back within it. */
function Days({ days }: Pick<ModelUseView, 'days'>) {
  const known = new Map(days.map(one => [one.day, one]))
  const today = Math.floor(Date.now() / msOfDay)
  const shown = Array.from({ length: daysShown }, (_, at) => {
    const day = new Date((today - daysShown + 1 + at) * msOfDay).toISOString().slice(0, 10)
    return { day, answers: known.get(day)?.answers ?? 0, returning: known.get(day)?.returning ?? 0 }
  })
  const most = Math.max(1, ...shown.map(({ answers }) => answers))
  const sum = shown.reduce((total, { answers }) => total + answers, 0)
  return (
    <figure className="days">
      <div className="days-bars" role="img" aria-label={`${manyText(sum, 'answer')} in the last ${daysShown} days`}>
        {shown.map(({ day, answers, returning }) => (
          <span key={day} className="days-bar" data-returning={returning > 0} title={dayText(day, answers, returning)}>
            <span style={{ height: `${(answers / most) * 100}%` }} />
          </span>
        ))}
      </div>
      <figcaption>
        <span>{daysShown} days ago</span>
        <span>{manyText(sum, 'answer')} since</span>
        <span>today</span>
      </figcaption>
    </figure>
  )
}

function dayText(day: string, answers: number, returning: number): string {
  const back = returning === 0 ? '' : `, ${manyText(returning, 'client')} came back`
  return `${day}: ${manyText(answers, 'answer')}${back}`
}
