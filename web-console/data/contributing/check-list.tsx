import type { ContributionView } from '../../../daemon/api/contract/views.ts'
import { reasonInWords } from '../../../protocol/data/explain.ts'
import { Section } from '../../parts/index.ts'

const names: Record<string, string> = {
  signature: 'Signed by its contributor',
  allowance: 'Within what an account may contribute',
  size: 'A file, no larger than the rules allow',
  schema: 'Every line is a row',
  'held-out': 'No held-out question is asked',
  'exact-duplicate': 'No row repeats another to the letter',
  'near-duplicate': 'No row is another but for slips',
  'own-share': 'Enough of what is new is good'
}

/** What was found but does not refuse the whole. */
const findings = new Set(['invalid-rows', 'held-out-rows', 'duplicate-rows', 'near-duplicate-rows'])

/** What this node's own checks found; validators run the same ones. */
export function CheckList({ checks }: Pick<ContributionView, 'checks'>) {
  return (
    <Section
      title="What the checks found"
      note="Every validator runs the same checks and must come to the same result."
    >
      <ul className="file-checks">
        {checks.map(({ check, code, note }) => {
          const state = code === 'ok' ? 'ok' : code === 'skipped' ? 'skipped' : findings.has(code) ? 'found' : 'wrong'
          return (
            <li key={check} className="file-check" data-state={state}>
              <span aria-hidden="true">{{ ok: '✓', skipped: '–', found: '!', wrong: '×' }[state]}</span>
              <span>
                {names[check] ?? check}
                {state === 'skipped' ? ': not looked at, an earlier check ended it' : null}
                {state === 'wrong' ? `: ${reasonInWords(code)}` : null}
                {note === undefined ? null : <span className="file-check-note"> {note}</span>}
              </span>
            </li>
          )
        })}
      </ul>
    </Section>
  )
}
