import type { Command } from 'commander'
import { InvalidError, bytes32 } from '../../../protocol/primitives/index.ts'
import { rulesChange } from '../../../protocol/data/amendment.ts'
import type { RulesChange } from '../../../protocol/data/amendment.ts'
import type { ApiClient, DifferenceView, TermsView } from '../../api/contract/index.ts'
import { collect, command, connected, guarded, show, wholeNumber } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { findDatanet } from '../commands/find-datanet.ts'
import { dim, red, safe, short } from '../output.ts'
import { readFileAs } from '../text-file.ts'
import { bondOf } from './create.ts'

type Next = TermsView['next'][number]

export const termsOf = async (api: ApiClient, wanted: string | undefined): Promise<TermsView> =>
  api.call('terms', { params: { id: (await findDatanet(api, wanted)).id } })

/** Where the newest are none, those before go on. */
export const inForce = (rules: TermsView['rules']): TermsView['rules'][number] | undefined =>
  rules.findLast(({ why }) => why === null)

const differenceText = ({ rule, from, to }: DifferenceView): string =>
  `  ${safe(rule)}: ${from === null ? dim('not said') : safe(from)} → ${to === null ? dim('not said') : safe(to)}`

const nextText = ({ amendment, number, by, consent, against, total, why, differences }: Next): string =>
  [
    `put forward as rules ${number} by ${short(by)}: ${short(amendment)}`,
    `  weight for them ${consent} of ${total}, against them ${against}; over two thirds set them`,
    ...(why === null ? [] : [`  ${red('they would be none')}: ${safe(why)}`]),
    ...differences.map(differenceText)
  ].join('\n')

const oneText = ({ number, differences, why, set }: TermsView['rules'][number], now: number | undefined): string =>
  [
    `rules ${number}${number === now ? ', in force' : ''}` +
      (set === null ? ', which stand in its id' : `, set in block ${set.block} by roster ${set.roster}`),
    ...(why === null ? [] : [`  ${red('none')}: ${safe(why)}; those before go on`]),
    ...differences.map(differenceText)
  ].join('\n')

function termsText({ number, rules, next }: TermsView): string {
  const now = rules.at(-1)?.number === number ? inForce(rules)?.number : undefined
  return [...rules.map(one => oneText(one, now)), ...next.map(nextText)].join('\n')
}

/** The one that was meant, by the beginning of its id; the only one where none is named. @throws InvalidError */
function meant(next: readonly Next[], wanted: string | undefined): Next {
  const found = next.filter(({ amendment }) => amendment.startsWith(wanted ?? ''))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw new InvalidError(
    'rules.which',
    only === undefined ? 'no such rules were put forward' : 'several rules were put forward: say which',
    { help: '`tilth datanet rules NAME` shows them.' }
  )
}

interface ChangeFlags extends CallFlags {
  name?: string
  description?: string
  licence?: string
  language?: string[]
  tag?: string[]
  file?: string
  bond?: string
  bondDays?: string
  [limit: string]: unknown
}

/** Limits that are numbers of their own, by their option. */
const limits = {
  maxRows: 'rows of one contribution',
  maxBytes: 'bytes of one contribution',
  uploads: 'contributions one account may make',
  minOwnShare: 'thousandths of the rows that repeat none that must be good',
  leastDataShare: 'basis points of its fees that a model must give to the data',
  auditedSegments: 'parts of trainings that drawn auditors run again before a model earns',
  nearDuplicate: 'thousandths of MinHash similarity from which rows are compared closely',
  revealSeconds: 'from commitment to reveal',
  voteSeconds: 'from reveal to the end of the vote'
} as const
const epochLimits = {
  epochBlocks: 'blocks of an epoch',
  epochRows: 'rows of an account in an epoch, and one more for each that was accepted',
  epochBytes: 'bytes that go with so many rows',
  mostRows: 'rows of an account in an epoch at most',
  newcomerRows: 'rows in an epoch of all that nothing was accepted of'
} as const
const rowLimits = {
  mostTurns: 'answers in one conversation',
  mostCharacters: 'of all that is said in one row'
} as const
const optionOf = (name: string): string => `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

/** In the rules' own words. */
const named: Readonly<Record<string, string>> = {
  uploads: 'uploadsPerContributor',
  epochRows: 'rows',
  epochBytes: 'bytes'
}

function numbersOf(flags: ChangeFlags, options: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(
    Object.keys(options).flatMap(name => {
      const text = flags[name]
      return typeof text === 'string'
        ? [[named[name] ?? name, wholeNumber(text, optionOf(name), { least: 0, most: 2 ** 31 })]]
        : []
    })
  )
}

/** 0 asks for none any more; the days stay as they are unless said. */
function bondChange({ bond, bondDays }: ChangeFlags, seconds = 86_400): Pick<RulesChange, 'bond'> {
  if (bond === undefined) return {}
  return { bond: null, ...bondOf(bond, bondDays ?? String(seconds / 86_400)) }
}

async function changeOf(api: ApiClient, id: string, flags: ChangeFlags): Promise<RulesChange> {
  const [epoch, rows] = [numbersOf(flags, epochLimits), numbersOf(flags, rowLimits)]
  const { rules } = await api.call('terms', { params: { id } })
  const now = inForce(rules)?.rules
  return {
    ...(flags.file === undefined ? {} : await readFileAs(rulesChange, flags.file)),
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.description === undefined ? {} : { description: flags.description }),
    ...(flags.licence === undefined ? {} : { licence: flags.licence }),
    ...(flags.language === undefined ? {} : { languages: flags.language }),
    ...(flags.tag === undefined ? {} : { tags: flags.tag }),
    ...numbersOf(flags, limits),
    // Where there were no limits by epoch, all of them have to be said: what is missing is refused by its name.
    ...(Object.keys(epoch).length === 0 ? {} : { uploads: { ...now?.uploads, ...epoch } as RulesChange['uploads'] }),
    ...bondChange(flags, now?.bond?.seconds),
    ...(Object.keys(rows).length === 0 ? {} : { rows: { ...now?.rows, ...rows } })
  }
}

function proposeCommand(): Command {
  const parent = connected(
    command({
      name: 'propose',
      summary: 'put other rules forward: what is said here, and all else as it is (host, validator)',
      examples: [
        'tilth datanet rules propose elements --min-own-share 600 --description "What chemistry knows"',
        'tilth datanet rules propose elements --file change.json'
      ]
    })
  )
    .argument('<datanet>', 'id, prefix of one, or name')
    .option('--name <text>', 'its name')
    .option('--description <text>', 'its purpose: what it is about')
    .option('--licence <id>', 'licence of every contribution from then on, as SPDX writes it')
    .option('--language <tag>', 'a language of its rows; may be given again', collect)
    .option('--tag <word>', 'a word by which people find it; may be given again', collect)
    .option('--bond <tokens>', 'what is locked with each contribution; 0 for nothing any more')
    .option('--bond-days <n>', 'for how long after its windows')
    .option('--file <json>', 'a file of rules that are to be other; null leaves one out')
  for (const [name, says] of Object.entries({ ...limits, ...epochLimits, ...rowLimits }))
    parent.option(`${optionOf(name)} <n>`, says)
  return parent.action(
    guarded(async (wanted: string, flags: ChangeFlags) => {
      await show(
        flags,
        async api => {
          const { id } = await findDatanet(api, wanted)
          return api.call('proposeRules', { params: { id }, body: { change: await changeOf(api, id, flags) } })
        },
        ({ amendment, differences }) =>
          [
            `put forward as ${amendment}: they are set once more than two thirds of the weight accept them`,
            ...differences.map(differenceText)
          ].join('\n')
      )
    })
  )
}

/** A Datanet's rules, and how they follow one another. */
export function rulesCommand(): Command {
  const parent = connected(
    command({
      name: 'rules',
      summary: 'its rules from the first on, with what differs from one to the next; and what was put forward',
      examples: ['tilth datanet rules elements', 'tilth datanet rules accept elements']
    })
  )
    .argument('[datanet]', 'id, prefix of one, or name')
    .action(
      guarded(async (wanted: string | undefined, flags: CallFlags) => {
        await show(flags, async api => termsOf(api, wanted), termsText)
      })
    )
  parent.addCommand(proposeCommand())
  for (const consents of [true, false])
    parent.addCommand(
      connected(
        command({
          name: consents ? 'accept' : 'refuse',
          summary: consents
            ? 'be for rules that were put forward (validator); the last word that was missing sets them'
            : 'be against rules that were put forward (validator)',
          examples: [`tilth datanet rules ${consents ? 'accept' : 'refuse'} elements`]
        })
      )
        .argument('<datanet>', 'id, prefix of one, or name')
        .argument('[rules]', 'beginning of their id, where several were put forward')
        .action(
          guarded(async (wanted: string, which: string | undefined, flags: CallFlags) => {
            await show(
              flags,
              async api => {
                const { datanet: id, next } = await termsOf(api, wanted)
                // A whole id need be none of the shown ones.
                const whole = bytes32.safeParse(which)
                const body = { amendment: whole.success ? whole.data : meant(next, which).amendment, consents }
                return api.call('speakOnRules', { params: { id }, body })
              },
              ({ set }) => (set === null ? 'said' : `rules ${set} are in force`)
            )
          })
        )
    )
  return parent
}
