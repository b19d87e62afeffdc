import type { Command } from 'commander'
import { exactTokenText } from '../../../protocol/primitives/index.ts'
import { reasonInWords } from '../../../protocol/data/index.ts'
import type { ContributionView, UnsentView, WorthView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, show, showList, tokenAmount } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { connect } from '../context.ts'
import { dim, green, plural, red, safe, short, table, tell, tokens, yellow } from '../output.ts'
import { findDatanet } from './find-datanet.ts'

/** What became of it; what was accepted and has left since is in no version from then on. */
function mark({ status, removed }: ContributionView): string {
  if (removed !== undefined) return yellow(removed === 'withdrawn' ? 'withdrawn' : 'taken down')
  return status === 'accepted'
    ? green(status)
    : status === 'rejected' || status === 'expired'
      ? red(status)
      : yellow(status)
}

/** A held-out value in 1e-6 as what it is of one right answer. */
const valueText = (value: string | null): string => (value === null ? 'not measured' : (Number(value) / 1e6).toFixed(4))

/** Rows that count, where this daemon knows which do. */
const ownText = (own: number | null): string =>
  own === null ? 'rows that only their readers can count' : plural(own, 'row')

function worthText(all: readonly WorthView[]): string {
  if (all.length === 0) return 'nothing contributed yet'
  return all
    .map(({ account, accepted, own, versions, epochs, paid }) =>
      [
        `${account}  ${ownText(own)} of ${plural(accepted, 'accepted contribution')}, ${tokens(paid, 9)} tokens in all`,
        // Whoever has no row in it has no value that could be measured.
        ...versions
          .filter(({ value }) => value !== null || accepted > 0)
          .map(
            ({ version, name, value }) => `  version ${version} (${safe(name)})  held-out value ${valueText(value)}`
          ),
        ...epochs.map(
          ({ epoch, state, value, share }) =>
            `  epoch ${epoch} (${state})  held-out value ${valueText(value)}, paid ${tokens(share, 9)}`
        )
      ].join('\n')
    )
    .join('\n')
}

const unsentText = (all: readonly UnsentView[]): string =>
  all.length === 0
    ? 'everything was sent'
    : all
        .map(
          ({ id, contributor, rows, code, says }) => `${id}  ${rows} rows of ${contributor}\n  ${safe(says)} (${code})`
        )
        .join('\n')

/** What can be done about those that came to nothing without a word against their rows. */
const againText = (all: readonly ContributionView[]): string[] =>
  [...Map.groupBy(all, ({ help = '' }) => help)].flatMap(([help, some]) =>
    help === '' ? [] : [`${some.map(({ index, id }) => `#${index ?? short(id)}`).join(', ')}: ${help}`]
  )

/** What is locked with contributions of this daemon and what was brought to it, in one line. */
async function tellLocked(flags: CallFlags): Promise<void> {
  const { items } = await (await connect(flags)).call('bonds', { params: { limit: 200 } })
  const [first] = items
  if (first === undefined) return
  const sum = items.reduce((all, { amount }) => all + BigInt(amount), 0n)
  const when = new Date(first.until).toISOString().slice(0, 16)
  tell(
    dim(`${exactTokenText(sum)} tokens are locked with ${items.length}; the first come back at ${when}: tilth bonds`)
  )
}

function confirmCommand(): Command {
  return connected(
    command({
      name: 'confirm',
      summary: "sign what was not sent anew, with the daemon's key and under the rules in force now, and send it",
      examples: ['tilth contributions confirm 0x12…', 'tilth contributions confirm 0x12… --bond 5']
    })
  )
    .argument('<contribution>', 'id of one of `tilth contributions --unsent`')
    .option('--bond <tokens>', 'what may be locked with it, where the Datanet asks for a bond')
    .action(
      guarded(async (id: string, flags: CallFlags & { bond?: string }) => {
        const bond = flags.bond === undefined ? '0' : String(tokenAmount(flags.bond, '--bond'))
        await show(
          flags,
          api => api.call('confirmContribution', { params: { id }, body: { bond } }),
          sent => `contributed as ${sent.id}`
        )
      })
    )
}

export function contributionsCommand(): Command {
  const parent = listing(
    connected(
      command({
        name: 'contributions',
        summary: 'contributions in order of authorship, with what the checks said',
        examples: [
          'tilth contributions --datanet elements',
          'tilth contributions --worth',
          'tilth contributions --json'
        ]
      })
    )
  )
    .option('--datanet <id>', 'id, prefix of one, or name')
    .option('--unsent', 'what could not be sent as it was signed, and why: other rules, too late, or no bond')
    .option('--worth', 'what each contributor was worth: held-out values by version, pay by epoch')
    .action(
      guarded(async (flags: ListFlags & { datanet?: string; worth?: boolean; unsent?: boolean }) => {
        if (flags.unsent === true)
          return showList(flags, (api, page) => api.call('unsent', { params: page }), unsentText)
        if (flags.worth === true)
          return showList(
            flags,
            async (api, page) =>
              api.call('worth', { params: { id: (await findDatanet(api, flags.datanet)).id, ...page } }),
            worthText
          )
        let again: readonly string[] = []
        await showList(
          flags,
          async (api, page) =>
            api.call('contributions', { params: { id: (await findDatanet(api, flags.datanet)).id, ...page } }),
          all => {
            again = againText(all)
            return all.length === 0
              ? 'nothing contributed yet'
              : table(
                  ['#', 'id', 'contributor', 'rows', 'own', 'status', 'reason'],
                  all.map(item => [
                    String(item.index ?? ''),
                    short(item.id),
                    item.contributor, // whole: earnings and claims ask for it
                    String(item.rows),
                    item.own === null ? '–' : String(item.own),
                    mark(item),
                    [
                      item.reason === undefined ? '' : reasonInWords(item.reason),
                      ...item.rowIssues.slice(0, 3).map(({ line, code }) => `line ${line}: ${code}`)
                    ]
                      .filter(Boolean)
                      .join('; ')
                  ]),
                  [0, 3, 4]
                )
          }
        )
        if (flags.json !== true) for (const line of again) tell(dim(line))
        if (flags.json !== true) await tellLocked(flags)
      })
    )
  parent.addCommand(confirmCommand())
  return parent
}
