import type { EarningsView } from '../../daemon/api/contract/earnings.ts'
import { useWord } from '../app/use-place.ts'
import { manyText } from '../formats/index.ts'
import { Amount, Button, Chip } from '../parts/index.ts'
import { kindOrder, kindWords, paymentsPlace } from './kinds.ts'

type Earned = EarningsView['income'][number]

/** A kind of work that brought something, and the way to each payment. */
function Brought({ kind, amount, times }: Earned) {
  const [, show] = useWord('work')
  const { name, phase, from } = kindWords[kind]
  return (
    <li className="work" data-phase={phase}>
      <Chip phase={phase}>{name}</Chip>
      <span className="work-amount">
        <Amount of={amount} />
      </span>
      <span className="work-note">
        {manyText(times, 'payment')}: {from}.
      </span>
      <Button
        look="quiet"
        onPress={() => {
          show(kind)
          document.getElementById(paymentsPlace)?.scrollIntoView()
        }}
      >
        Why this much?
      </Button>
    </li>
  )
}

/** What each kind of work brought; and what else is paid for, for whoever wants to earn more. */
export function ByWork({ income }: { readonly income: EarningsView['income'] }) {
  const kinds = kindOrder.flatMap(kind => income.find(one => one.kind === kind) ?? [])
  const brought = kinds.filter(({ times }) => times > 0)
  const others = kinds.filter(({ times }) => times === 0)
  return (
    <>
      {brought.length === 0 ? null : (
        <ul className="works" aria-label="What came in by kind of work">
          {brought.map(one => (
            <Brought key={one.kind} {...one} />
          ))}
        </ul>
      )}
      <details className="works-others" open={brought.length === 0}>
        <summary>{brought.length === 0 ? 'What is paid for' : 'What else is paid for'}</summary>
        <dl>
          {others.map(({ kind }) => (
            <div key={kind}>
              <dt>
                <Chip phase={kindWords[kind].phase}>{kindWords[kind].name}</Chip>
              </dt>
              <dd>{kindWords[kind].how}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  )
}
