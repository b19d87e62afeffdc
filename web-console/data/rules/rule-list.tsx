import { rulesInWords } from './words.ts'
import type { RulesOf } from './words.ts'
import './rules.css'

/** A Datanet's rules in plain words. */
export function RuleList({ of }: { readonly of: RulesOf }) {
  return (
    <dl className="rule-list">
      {rulesInWords(of).map(({ name, sentence }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{sentence}</dd>
        </div>
      ))}
    </dl>
  )
}
