import { Option, type Command } from 'commander'
import { issueInWords, reasonInWords, voteCodeInWords, voteCodes } from '../../../protocol/data/index.ts'
import type { Said, VoteCode } from '../../../protocol/data/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { ApiClient, ReviewRowView, ReviewView, VotesView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { connect } from '../context.ts'
import { dim, duration, green, printJson, red, safe, short, table, yellow } from '../output.ts'

const adviceText = ({ advice, reason, checks }: ReviewView): string => {
  if (advice === null) return yellow('not checked yet')
  if (advice) return green('accept')
  const failed = checks.find(({ check }) => check === 'own-share')?.code ?? reason ?? ''
  return `${red('reject')}${failed === '' ? '' : `: ${reasonInWords(failed)}`}`
}

const saidText: Readonly<Record<string, string>> = { true: 'accept', false: 'reject', abstain: 'abstain' }

const voteText = ({ vote, voteReason }: ReviewView): string => {
  if (vote === null) return yellow('yours is missing')
  return `${saidText[String(vote)]}${voteReason === undefined ? '' : ` (${safe(voteReason)})`}`
}

/** Rows that the checks here found good; they have not looked, or could not, where nothing is known. */
const ownText = ({ own }: Pick<ReviewView, 'own'>): string => (own === null ? '–' : String(own))

const timeLeft = ({ closesAt }: Pick<ReviewView, 'closesAt'>): string =>
  closesAt === null ? 'waits for its turn' : `${duration(Math.max(0, Math.ceil((closesAt - Date.now()) / 1000)))} left`

const isOpen = ({ status }: Pick<ReviewView, 'status'>): boolean =>
  status === 'committed' || status === 'revealed' || status === 'voting'

/** Where it stands; what has left since is said, and nothing of time where nothing is waited for. */
const stateText = (item: ReviewView): string =>
  item.removed !== undefined
    ? `${item.status}, and ${item.removed === 'withdrawn' ? 'withdrawn' : 'taken down'} since`
    : isOpen(item)
      ? `${item.status}, ${timeLeft(item)}`
      : item.status

/** Who voted what, and why: a contributor reads here what was said against its rows. */
function ballotLines({ validators }: VotesView): string[] {
  return validators.flatMap(({ validator, step, accept, abstains, reason, code }) => {
    if (step !== 'revealed') return []
    const because = [code === null ? null : voteCodeInWords(code), reason].filter(part => part !== null)
    const says = saidText[abstains ? 'abstain' : String(accept)] ?? ''
    return [`  ${validator} ${says}${because.length === 0 ? '' : `: ${safe(because.join('; '))}`}`]
  })
}

/** Why the queue is empty: nothing is voted on, or nobody has asked this account for a vote. */
async function emptyText(api: ApiClient): Promise<string> {
  for await (const { roles } of api.all('datanets')) if (roles.includes('validator')) return 'nothing is voted on now'
  const { address, roles } = await api.call('status')
  return [
    'this account validates no Datanet: there is nothing for it to vote on',
    ...(roles.includes('validator') ? [] : ['Its daemon is no validator either: start it with --role validator.']),
    `A Datanet's host or validators take it in: tilth datanet roster add DATANET ${address}`,
    "Another daemon's queue is asked for by name or folder: tilth review list --as validator-1, or --data DIR."
  ].join('\n')
}

/** Datanets whose sealed questions are looked for, of those that this account validates. */
const mostLookedAt = 20

/** Sealed held-out questions that this validator has said nothing to yet. */
async function askedTexts(api: ApiClient): Promise<string[]> {
  const { address } = await api.call('status')
  const lines: string[] = []
  let looked = 0
  for await (const { id, name, roles } of api.all('datanets')) {
    if (!roles.includes('validator')) continue
    if (looked++ === mostLookedAt) break
    const { batches } = await api.call('questions', { params: { id } })
    const asked = batches.filter(({ state, spoke }) => state === 'asked' && !spoke.includes(address)).length
    if (asked > 0)
      lines.push(
        `${asked} ${asked === 1 ? 'batch' : 'batches'} of held-out questions of ${safe(name)}: ` +
          `tilth datanet held-out list ${short(id)}`
      )
  }
  return lines
}

function queueCommand(): Command {
  return listing(
    connected(
      command({
        name: 'list',
        summary: 'what is voted on in the Datanets that this node validates',
        examples: ['tilth review list --as validator-1']
      })
    )
  ).action(
    guarded(async (flags: ListFlags) => {
      let [empty, asked] = ['', [] as string[]]
      await showList(
        flags,
        async (api, params) => {
          const page = await api.call('review', { params })
          if (page.items.length === 0 && flags.json !== true) empty = await emptyText(api)
          if (flags.json !== true) asked = await askedTexts(api)
          return page
        },
        items =>
          [
            ...asked,
            items.length === 0
              ? empty
              : table(
                  ['id', 'Datanet', 'contributor', 'rows', 'own', 'checks say', 'vote', 'time'],
                  items.map(item => [
                    short(item.id),
                    safe(item.datanetName),
                    short(item.contributor),
                    String(item.rows),
                    ownText(item),
                    adviceText(item),
                    voteText(item),
                    timeLeft(item)
                  ]),
                  [3, 4]
                )
          ].join('\n')
      )
    })
  )
}

const rowText = (messages: ReviewRowView['messages']): string =>
  messages === null
    ? ''
    : messages.map(({ role, content }) => `${role === 'user' ? '' : `${role}: `}${content}`).join(' | ')

/** A text on one line, cut to what a person reads at a glance. */
const cut = (text: string, most = 160): string => {
  const line = safe(text).replace(/\s+/g, ' ')
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`
}

const placeOf = ({ contribution, line }: NonNullable<ReviewRowView['nearest']>): string =>
  `line ${line} of ${short(contribution)}`

function rowLines({ line, code, messages, nearest }: ReviewRowView): string[] {
  const mark = code === 'own' ? green('own') : red(code === 'unchecked' ? code : issueInWords(code))
  return [
    `${String(line).padStart(5)}  ${cut(rowText(messages))}  ${dim('—')} ${mark}`,
    ...(nearest === null
      ? []
      : [
          dim(`       nearest, ${nearest.overlap / 10}% of words shared, ${placeOf(nearest)}: `) +
            cut(rowText(nearest.messages))
        ])
  ]
}

const headText = (item: ReviewView, votes: VotesView, self: string): string =>
  [
    item.id,
    `Datanet      ${safe(item.datanetName)}, number ${item.index ?? '?'} by ${item.contributor}`,
    `state        ${stateText(item)}`,
    `votes        ${item.accepting} for, ${item.rejecting} against, ${item.abstaining} for neither, ` +
      `${item.committed} of ${item.total} committed`,
    ...ballotLines(votes),
    ...(votes.validators.some(({ validator }) => validator === self) && (item.vote !== null || isOpen(item))
      ? [`your vote    ${voteText(item)}`]
      : []),
    `checks say   ${adviceText(item)}: ${item.own ?? 'nobody here knows how many'} of ${item.rows} rows are its own`,
    ...item.checks
      .filter(({ code }) => code !== 'ok' && code !== 'skipped')
      .map(({ check, code, note }) => `  ${check.padEnd(16)} ${code}${note === undefined ? '' : ` (${note})`}`)
  ].join('\n')

function showCommand(): Command {
  return listing(
    connected(
      command({
        name: 'show',
        summary: 'one contribution: what the checks say, its rows, and the accepted row nearest to each',
        examples: ['tilth review show 0x12… --as validator-1', 'tilth review show 0x12… --limit 20']
      })
    )
  )
    .argument('<contribution>', 'id or beginning of one')
    .action(
      guarded(async (id: string, flags: ListFlags) => {
        const api = await connect(flags)
        const item = await api.call('reviewOf', { params: { id } })
        if (flags.json === true) {
          const page = { limit: flags.limit, ...(flags.cursor === undefined ? {} : { cursor: flags.cursor }) }
          const { items: rows, next } = await api.call('reviewRows', { params: { id: item.id, ...page } })
          return printJson({ ...item, shown: rows, next })
        }
        const [votes, { address }] = await Promise.all([
          api.call('votes', { params: { id: item.id } }),
          api.call('status')
        ])
        console.log(headText(item, votes, address))
        await showList(
          flags,
          (api, page) => api.call('reviewRows', { params: { id: item.id, ...page } }),
          rows => rows.flatMap(rowLines).join('\n')
        )
      })
    )
}

interface VoteFlags extends CallFlags {
  accept?: boolean
  reject?: boolean
  abstain?: boolean
  reason?: string
  for?: VoteCode
}

async function vote(id: string, accept: Said, flags: VoteFlags): Promise<void> {
  await show(
    flags,
    api =>
      api.call('vote', {
        params: { id },
        body: {
          accept,
          ...(flags.reason === undefined ? {} : { reason: flags.reason }),
          ...(flags.for === undefined ? {} : { code: flags.for })
        }
      }),
    ({ id }) =>
      `voted to ${saidText[String(accept)]} ${id}` +
      (flags.reason === undefined ? '' : '\nits reason is told with it, once votes are shown') +
      (flags.for === 'spam' ? `\na bond that is locked with it is burnt by: tilth bonds spam ${short(id)}` : '')
  )
}

function reviewVoteCommand(): Command {
  return connected(
    command({
      name: 'vote',
      summary: 'vote on a contribution; it cannot be taken back',
      examples: [
        'tilth review vote 0x12… --accept --as validator-1',
        'tilth review vote 0x12… --reject --for wrong --reason "line 3 is of another element"'
      ]
    })
  )
    .argument('<contribution>', 'id or beginning of one')
    .option('--accept', 'its own rows belong into the Datanet')
    .option('--reject', 'they do not')
    .option('--abstain', 'let the others decide: this validator was there, and counts for neither side')
    .addOption(new Option('--for <code>', 'why, by a code: told with the vote').choices(Object.keys(voteCodes)))
    .option('--reason <text>', 'why: told with the vote, for the contributor to read')
    .action(
      guarded(async (id: string, flags: VoteFlags) => {
        const given = [flags.accept, flags.reject, flags.abstain].filter(one => one === true)
        // [reject] A vote says one thing.
        if (given.length !== 1)
          throw new InvalidError('vote.decision', 'a vote is either --accept, --reject or --abstain', {
            help: 'See what is voted on with `tilth review show`.'
          })
        await vote(id, flags.abstain === true ? 'abstain' : flags.accept === true, flags)
      })
    )
}

function policyCommand(): Command {
  return connected(
    command({
      name: 'policy',
      summary: 'whether this validator votes by its own checks (auto) or by hand (manual)',
      examples: ['tilth review policy', 'tilth review policy manual --as validator-1']
    })
  )
    .argument('[policy]', 'auto or manual')
    .action(
      guarded(async (policy: string | undefined, flags: CallFlags) => {
        if (policy !== undefined && policy !== 'auto' && policy !== 'manual')
          throw new InvalidError('vote.policy', `"${policy}" is no policy`, { help: 'Say auto or manual.' })
        await show(
          flags,
          api => (policy === undefined ? api.call('votePolicy') : api.call('setVotePolicy', { body: { policy } })),
          ({ policy }) =>
            policy === 'auto' ? 'auto: votes follow the checks' : 'manual: tilth review list shows what waits'
        )
      })
    )
}

export function reviewCommand(): Command {
  const parent = command({
    name: 'review',
    summary: 'what this validator votes on: the queue, the rows, the votes',
    examples: ['tilth review list', 'tilth review show 0x12…', 'tilth review vote 0x12… --accept']
  })
  for (const sub of [queueCommand(), showCommand(), reviewVoteCommand(), policyCommand()]) parent.addCommand(sub)
  return parent
}

/** The same vote in the shorter words of before. */
export function voteCommand(): Command {
  return connected(
    command({
      name: 'vote',
      summary: 'vote by hand on a contribution (see review)',
      examples: ['tilth vote 0x12… accept --as validator-1']
    })
  )
    .argument('<contribution>', 'its id')
    .argument('<decision>', 'accept or reject')
    .option('--reason <text>', 'why: told with the vote, for the contributor to read')
    .action(
      guarded(async (contribution: string, decision: string, flags: VoteFlags) => {
        if (decision !== 'accept' && decision !== 'reject')
          throw new InvalidError('vote.decision', `"${decision}" is no decision`, { help: 'Say accept or reject.' })
        await vote(contribution, decision === 'accept', flags)
      })
    )
}
