import type { EarningsView } from '../../daemon/api/contract/views.ts'
import { manyText } from '../formats/index.ts'
import { useWord } from '../app/use-place.ts'
import { Amount, Button, Chip } from '../parts/index.ts'
import { kindOrder, kindWords, paymentsPlace } from './kinds.ts'

/** What each kind of work brought; those that brought something first. */
export function ByWork({ income }: { readonly income: EarningsView['income'] }) {
  const [, show] = useWord('work')
  const kinds = kindOrder
    .flatMap(kind => income.find(one => one.kind === kind) ?? [])
    .toSorted((a, b) => Number(b.times > 0) - Number(a.times > 0))
  return (
    <ul className="works" aria-label="By kind of work">
      {kinds.map(({ kind, amount, times }) => {
        const { name, phase, from, how } = kindWords[kind]
        return (
          <li key={kind} className="work" data-phase={phase} data-none={times === 0}>
            <Chip phase={phase}>{name}</Chip>
            <span className="work-amount">{times === 0 ? 'nothing yet' : <Amount of={amount} />}</span>
            <span className="work-note">{times === 0 ? how : `${manyText(times, 'payment')}: ${from}.`}</span>
            {times === 0 ? null : (
              <Button
                look="quiet"
                onPress={() => {
                  show(kind)
                  document.getElementById(paymentsPlace)?.scrollIntoView()
                }}
              >
                Why this much?
              </Button>
            )}
          </li>
        )
      })}
    </ul>
  )
}
