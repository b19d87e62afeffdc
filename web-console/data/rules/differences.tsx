import type { DifferenceView } from '../../../daemon/api/contract/terms.ts'
import './rules.css'
import { bytesText, countText, durationText, manyText, shareText } from '../../formats/index.ts'

type Value = string | number | boolean | readonly string[]
const number =
  (say: (value: number) => string) =>
  (value: Value): string =>
    say(Number(value))

/** What each rule is called, and how its value is said. */
const rules: Readonly<Record<string, readonly [string, (value: Value) => string]>> = {
  name: ['Name', String],
  description: ['Purpose', value => (value === '' ? 'not said' : String(value))],
  licence: ['Licence', String],
  tags: ['Tags', String],
  languages: ['Languages', String],
  maxRows: ['Rows of one file', number(countText)],
  maxBytes: ['Size of one file', number(bytesText)],
  uploadsPerContributor: ['Contributions of one account', number(countText)],
  minOwnShare: ['How much must be good', number(value => shareText(value / 1000))],
  leastDataShare: ['What models must give to the data', number(value => shareText(value / 10_000))],
  auditedSegments: ['Parts of a training that are run again', number(countText)],
  'trainers.workers': ['Workers that may train', value => (value as readonly string[]).join(', ')],
  'trainers.builders': ['Builders that may choose workers', value => (value as readonly string[]).join(', ')],
  'trainers.anybody': ['The worker of any award may train', () => 'yes'],
  questionWriters: ['Who writes held-out questions', () => 'newcomers share a third'],
  nearDuplicate: ['Likeness of a repeat', number(value => shareText(value / 1000))],
  revealSeconds: ['Time to show a file', number(durationText)],
  voteSeconds: ['Time to vote', number(durationText)],
  'rows.system': ['A system’s instructions in a row', value => (value === true ? 'taken' : 'not taken')],
  'rows.mostTurns': ['Answers in a row', number(countText)],
  'rows.mostCharacters': ['Length of a row', number(value => manyText(value, 'character'))],
  'uploads.epochBlocks': ['An epoch', number(value => manyText(value, 'block'))],
  'uploads.rows': ['Rows of an account in an epoch', number(countText)],
  'uploads.bytes': ['Bytes of an account in an epoch', number(bytesText)],
  'uploads.mostRows': ['The same at most', number(countText)],
  'uploads.newcomerRows': ['Rows of all newcomers in an epoch', number(countText)]
}

/** A difference as a person would tell it. */
export function differenceInWords({ rule, from, to }: DifferenceView): {
  readonly name: string
  readonly from: string
  readonly to: string
} {
  const [name, say] = rules[rule] ?? [rule, String]
  const said = (text: string | null): string => (text === null ? 'nothing said' : say(JSON.parse(text) as Value))
  return { name, from: said(from), to: said(to) }
}

/** What is other than before, one rule a line. */
export function Differences({ of }: { readonly of: readonly DifferenceView[] }) {
  return (
    <ul className="rule-differences">
      {of.map(differenceInWords).map(({ name, from, to }) => (
        <li key={name}>
          <span className="rule-difference-name">{name}</span>
          <span>
            <bdi>
              <del>{from}</del>
            </bdi>{' '}
            <span aria-hidden="true">→</span>{' '}
            <bdi>
              <ins>{to}</ins>
            </bdi>
          </span>
        </li>
      ))}
    </ul>
  )
}
