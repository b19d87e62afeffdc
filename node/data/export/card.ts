import { checkNames } from '../../../protocol/data/index.ts'
import type { CheckName, DatanetRules } from '../../../protocol/data/index.ts'
import type { ExportedRow } from './rows.ts'

/** What a card says of a version. */
export interface CardFacts {
  readonly id: string
  readonly host: string
  readonly version: number
  /** Merkle root of the accepted set; of what is not anchored none. */
  readonly root: string | undefined
  readonly rules: Pick<
    DatanetRules,
    'name' | 'description' | 'licence' | 'languages' | 'tags' | 'minOwnShare' | 'validators'
  >
  readonly heldOut: number
  readonly chainId: number
}

/** Licences that the Hub knows by their SPDX id in small letters; any other is told as text. */
const known = new RegExp(
  `^(?:${[
    'apache-2\\.0|mit|isc|unlicense|wtfpl|bsd-[23]-clause|mpl-2\\.0|[al]?gpl-3\\.0|gpl-2\\.0',
    'cc0-1\\.0|cc-by(?:-nc)?(?:-sa|-nd)?-(?:2\\.0|2\\.5|3\\.0|4\\.0)|odc-by|odbl|pddl'
  ].join('|')})$`
)

const sizes: readonly (readonly [number, string])[] = [
  [1_000, 'n<1K'],
  [10_000, '1K<n<10K'],
  [100_000, '10K<n<100K'],
  [1_000_000, '100K<n<1M'],
  [10_000_000, '1M<n<10M'],
  [Infinity, '10M<n<100M']
]

/** In words what each check asks of a row or of its file. */
const checks: Readonly<Record<CheckName, string>> = {
  signature: 'its contributor signed it before anybody saw it',
  allowance: 'its contributor had contributions left',
  size: 'its file was no larger than the rules allow',
  schema: 'it is a row: turns of text, the last one the assistant’s',
  'held-out': 'it asks none of the held-out questions',
  'exact-duplicate': 'nobody gave the same row before',
  'near-duplicate': 'it is no earlier row but for a few words',
  'own-share': 'enough of its file’s rows were good and new'
}

/** A text on one line of Markdown or YAML. */
const line = (text: string): string => text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
const quoted = (text: string): string => JSON.stringify(line(text))
const cell = (text: string): string => line(text).replaceAll('|', '\\|')

const listOf = (name: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : [`${name}:`, ...items.map(item => `- ${quoted(item)}`)]

/** The Hub knows languages by their first part, and has a list of its own for what is more exact. */
function languagesOf(tags: readonly string[]): string[] {
  const first = tags.map(tag => (tag.split('-')[0] ?? tag).toLowerCase())
  return [
    ...listOf('language', [...new Set(first)]),
    ...listOf(
      'language_bcp47',
      tags.filter(tag => tag.includes('-'))
    )
  ]
}

/** Contributors with what is theirs, most rows first. */
export interface Tally {
  readonly rows: number
  readonly contributors: ReadonlyMap<string, { rows: number; contributions: Set<string> }>
}

export async function tallyOf(rows: AsyncIterable<readonly ExportedRow[]>): Promise<Tally> {
  const contributors = new Map<string, { rows: number; contributions: Set<string> }>()
  let count = 0
  for await (const some of rows)
    for (const { contributor, contribution } of some) {
      const entry = contributors.get(contributor) ?? { rows: 0, contributions: new Set() }
      entry.rows++
      entry.contributions.add(contribution)
      contributors.set(contributor, entry)
      count++
    }
  return { rows: count, contributors }
}

/** Contributors that are listed one by one. */
const mostListed = 1_000

/** The README.md of a data set in Hugging Face's layout: its YAML, then sources, contributors and checks. */
export function cardOf(facts: CardFacts, { rows, contributors }: Tally): string {
  const { id, host, version, root, rules, heldOut, chainId } = facts
  const licence = rules.licence.trim().toLowerCase()
  const size = sizes.find(([below]) => rows < below)?.[1] ?? 'n<1K'
  const listed = [...contributors].sort(([a, x], [b, y]) => y.rows - x.rows || (a < b ? -1 : 1))
  const yaml = [
    `pretty_name: ${quoted(rules.name)}`,
    ...(known.test(licence) ? [`license: ${licence}`] : ['license: other', `license_name: ${quoted(rules.licence)}`]),
    ...languagesOf(rules.languages ?? []),
    'task_categories:',
    '- text-generation',
    '- question-answering',
    ...listOf('tags', rules.tags ?? []),
    'size_categories:',
    `- ${size}`,
    'configs:',
    '- config_name: default',
    '  data_files:',
    '  - split: train',
    '    path: data/train-*.parquet'
  ]
  const what = version === 0 ? 'what was accepted so far' : `version ${version}`
  return [
    '---',
    ...yaml,
    '---',
    '',
    `# ${line(rules.name)}`,
    '',
    ...(line(rules.description) === '' ? [] : [line(rules.description), '']),
    `${rows} rows by ${contributors.size} contributors: ${what} of a Tilth Datanet.`,
    '',
    '| | |',
    '| --- | --- |',
    `| Datanet | \`${id}\` |`,
    `| host | \`${host}\` |`,
    `| chain | ${chainId} |`,
    `| version | ${version === 0 ? 'not anchored' : String(version)} |`,
    ...(root === undefined ? [] : [`| root of the accepted set | \`${root}\` |`]),
    `| licence | ${cell(rules.licence)} |`,
    `| held-out questions, which are not among the rows | ${heldOut} |`,
    '',
    '## Rows',
    '',
    'Each has `messages`, a list of turns with `role` and `content`; the last one is the assistant’s. `contributor`, ' +
      '`contribution` and `row` say whose it is and where it stands.',
    '',
    '```python',
    'from datasets import load_dataset',
    'rows = load_dataset("PATH-OF-THIS-FOLDER", split="train")',
    '```',
    '',
    'LLaMA-Factory reads it by `dataset_info.json`, which lies beside this page.',
    '',
    '## How a row came in',
    '',
    `Validators (${rules.validators.length}) checked each and voted; more than two thirds signed for it. Of each row:`,
    '',
    ...checkNames.map(name => `- ${name}: ${checks[name]}`),
    '',
    '## Contributors',
    '',
    '| account | contributions | rows |',
    '| --- | ---: | ---: |',
    ...listed
      .slice(0, mostListed)
      .map(([account, { rows, contributions }]) => `| \`${account}\` | ${contributions.size} | ${rows} |`),
    ...(listed.length > mostListed ? ['', `and ${listed.length - mostListed} more.`] : []),
    ''
  ].join('\n')
}

/** What LLaMA-Factory has to know of the folder. */
export const llamaFactoryInfo = (name: string): string =>
  `${JSON.stringify(
    {
      [line(name)]: {
        file_name: 'data/train-00000-of-00001.parquet',
        formatting: 'sharegpt',
        columns: { messages: 'messages' },
        tags: {
          role_tag: 'role',
          content_tag: 'content',
          user_tag: 'user',
          assistant_tag: 'assistant',
          system_tag: 'system'
        }
      }
    },
    undefined,
    2
  )}\n`
