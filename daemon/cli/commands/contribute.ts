import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { quoted } from '../../../node/runtime/quoted.ts'
import { againInWords, bondTerms, issueInWords, reasonInWords, voteCodeInWords } from '../../../protocol/data/index.ts'
import { placeInWords, problemsInWords } from '../../../protocol/data/files/index.ts'
import { InvalidError, NotFoundError, TilthError, exactTokenText } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ApiClient, ContributionView, DatanetView, PreviewView } from '../../api/contract/index.ts'
import { openKeystore, openingPassphrase } from '../../keys/index.ts'
import { collect, command, connected, guarded, tokenAmount } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect, tilthLine } from '../context.ts'
import { dim, duration, green, printJson, red, safe, short, tell, yellow } from '../output.ts'
import { mapHelp, placeOf, readShardFile, readingText } from '../rows-file.ts'
import type { ShardFile } from '../rows-file.ts'
import { signAndSend } from '../sign-and-send.ts'
import { caughtUp } from '../catching-up.ts'
import { checkHere, contributeSealed } from '../private-shard.ts'
import { findDatanet } from './find-datanet.ts'

/** How often a contribution is asked after while it is waited for. */
const pollMs = 1000
/** Lines that are refused and shown one by one. */
const refusedShown = 200

interface ContributeFlags extends CallFlags {
  datanet?: string
  key?: string
  passphraseFile?: string
  dryRun?: boolean
  wait?: boolean
  anyway?: boolean
  bond?: string
  map?: string[]
  validator?: string[]
}

type Key = { readonly address: `0x${string}`; readonly privateKey: Uint8Array }

/** `1–4, 7, 9–12` */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ')
}

const uploadsLeft = ({ uploads, allowed }: PreviewView): string =>
  `${Math.max(0, allowed - uploads)} of ${allowed} contributions are left to this account`

const whose = (of: string | undefined): string => (of === undefined ? '' : dim(` (${short(of)})`))

/** Row by row what would become of a file. */
function previewText(preview: PreviewView, net: DatanetView, shard: ShardFile): string {
  const { name, private: isPrivate } = net
  const kept = preview.lines
    .filter(({ code }) => code === 'own')
    .map(({ line }) => shard.places[line - 1]?.number ?? line)
  const refused = [
    ...shard.problems.map(({ place, fault }) => `${placeInWords(place)}: ${safe(fault.says)}`),
    ...preview.lines
      .filter(({ code }) => code !== 'own' && code !== 'skipped')
      .map(({ line, code, of }) => `${placeOf(shard, line)}: ${issueInWords(code)}${whose(of)}`)
  ]
  const more = refused.length - refusedShown
  const rows = preview.rows + shard.problems.length
  const unit = `${shard.places[0]?.unit ?? 'line'}s`
  return [
    ...readingText(shard),
    `${kept.length} of ${rows} rows would be kept${kept.length === 0 ? '' : `: ${unit} ${rangesOf(kept)}`}`,
    ...refused.slice(0, refusedShown).map(text => `${red('refused')}  ${text}`),
    ...(more > 0 ? [`and ${more} more refused; --json shows all`] : []),
    preview.accept
      ? `${green('accepted')}: ${name} would take it by what is known here`
      : `${red('refused')}: ${reasonInWords(preview.reason ?? '')}`,
    uploadsLeft(preview),
    ...(net.rules.bond === undefined ? [] : [lockText(net)]),
    ...(preview.compared
      ? []
      : [
          isPrivate
            ? yellow(`not compared with what ${name} holds already: it is private, and only its validators can`)
            : yellow(`not compared with what ${name} holds already: this node does not follow it`) +
              ` (tilth datanet follow ${quoted(name)})`
        ])
  ].join('\n')
}

/** Says what is refused of a file that goes on all the same, on standard error. */
function warn(preview: PreviewView, shard: ShardFile): void {
  const refused = refusedRows(preview, shard, ({ code }) => code !== 'own')
  if (refused.length > 0) console.error(`${refused.length} of ${preview.rows} rows would bring nothing:`)
  for (const text of problemsInWords(refused)) console.error(`  ${text}`)
}

/** Rows that the checks refuse, each with where it stands in the file. */
const refusedRows = (
  { lines }: PreviewView,
  { places }: ShardFile,
  which: (line: PreviewView['lines'][number]) => boolean
) =>
  lines.filter(which).map(({ line, code }) => ({
    place: places[line - 1] ?? { unit: 'line' as const, number: line },
    fault: { code, says: issueInWords(code) }
  }))

async function check(api: ApiClient, net: DatanetView, file: string, by: `0x${string}` | undefined) {
  // A daemon whose key it is not gets no private row to look at; that it is not among those whom rows are sealed to
  // shows only where --validator says who they are.
  if (net.private !== undefined && by !== undefined) return checkHere(api, net, file, by)
  return api.call('checkContribution', {
    params: { id: net.id },
    body: { file, ...(by === undefined ? {} : { contributor: by }) }
  })
}

/** @throws InvalidError `contribution.refused` */
function mustPass(preview: PreviewView, net: DatanetView, shard: ShardFile): void {
  if (preview.accept) return
  const refused = refusedRows(preview, shard, ({ code }) => code !== 'own' && code !== 'skipped')
  const listed = problemsInWords(refused).map(text => `\n  ${text}`)
  throw new InvalidError(
    'contribution.refused',
    `${net.name} would refuse it: ${reasonInWords(preview.reason ?? '')}${listed.join('')}`,
    { help: 'Nothing was sent and no upload was spent. Mend the file, or send it all the same with --anyway.' }
  )
}

const stateLine = ({ status, index, rows, own, reason }: ContributionView): string => {
  switch (status) {
    case 'committed':
      return `committed as number ${index ?? '?'}; its rows are shown next`
    case 'revealed':
      return `shown: ${rows} rows wait for their turn to be voted on`
    case 'voting':
      return 'validators check it and vote'
    case 'accepted':
      // Something of what is accepted counts: what, this daemon may not have looked at, or not be able to.
      return own === null
        ? `${green('accepted')}: its validators know which of its ${rows} rows count`
        : `${green('accepted')}: ${own} of ${rows} rows are its own`
    case 'rejected':
    case 'expired':
      return `${red(status)}: ${reasonInWords(reason ?? '')}`
  }
}

const isDecided = ({ status }: ContributionView): boolean =>
  status === 'accepted' || status === 'rejected' || status === 'expired'

/** Follows a contribution until it is decided, telling each change once. */
async function follow(api: ApiClient, id: string, say: (text: string) => void): Promise<ContributionView> {
  for (let last = ''; ; await sleep(pollMs)) {
    const now = await api.call('contribution', { params: { id } }).catch((error: unknown) => {
      // Known once the chain's block with its commitment was read.
      if (error instanceof NotFoundError && error.code === 'contribution.unknown') return undefined
      throw error
    })
    const text = now === undefined ? 'on its way to the chain' : stateLine(now)
    if (text !== last) say(text)
    last = text
    if (now === undefined || !isDecided(now)) continue
    if (now.status === 'rejected') await tellReasons(api, id, say)
    return now
  }
}

/** What validators wrote who voted against it. */
async function tellReasons(api: ApiClient, id: string, say: (text: string) => void): Promise<void> {
  const { validators } = await api.call('votes', { params: { id } })
  for (const { validator, accept, reason, code } of validators) {
    const why = [reason === null ? '' : safe(reason), code === null ? '' : safe(voteCodeInWords(code))].filter(Boolean)
    if (accept === false && why.length > 0) say(`${short(validator)} voted against it: ${why.join('; ')}`)
  }
}

/** What to do where it came to nothing, and nothing was said against its rows; flags say which daemon. */
function againText({ reason = '' }: ContributionView, net: DatanetView, flags: CallFlags): string[] {
  const again = againInWords(reason)
  if (again === undefined) return []
  const { bond } = bondTerms(net.rules)
  return [
    `  ${again}: ${tilthLine(`contribute FILE --datanet ${net.name}`, flags)}`,
    ...(bond === 0n ? [] : [`  what is locked with it comes back all the same: ${tilthLine('bonds', flags)}`])
  ]
}

async function send(
  api: ApiClient,
  net: DatanetView,
  file: string,
  key: Key | undefined,
  mostBond: bigint,
  known: readonly string[] | undefined
): Promise<{ id: string }> {
  const { bond } = bondTerms(net.rules)
  if (bond > 0n && bond <= mostBond) console.error(lockText(net))
  if (key !== undefined && net.private !== undefined) {
    const { id, sealedTo } = await contributeSealed(api, net, file, key.address, key.privateKey, mostBond, known)
    const bySay = known === undefined ? ', who read it as this daemon says (--validator)' : ''
    console.error(`sealed to ${sealedTo.join(', ')}${bySay}`)
    return { id }
  }
  return key === undefined
    ? api.call('contribute', { params: { id: net.id }, body: { file, bond: String(mostBond) } })
    : contributeSigned(api, net.id, file, key.address, key.privateKey, mostBond, net)
}

/** What is locked with a contribution, and when it comes back. */
export function lockText(net: Pick<DatanetView, 'name' | 'rules'>): string {
  const { bond, bondSeconds } = bondTerms(net.rules)
  return (
    `${net.name} locks ${exactTokenText(bond)} tokens with it for ${duration(Number(bondSeconds))}: they come back ` +
    'whatever is decided, unless over two thirds of its validators call it spam'
  )
}

export function contributeCommand(): Command {
  return connected(
    command({
      name: 'contribute',
      summary: 'contribute a file of rows to a Datanet, after checking it as the validators will',
      examples: [
        'tilth contribute facts.jsonl --datanet elements --wait',
        'tilth contribute facts.csv --datanet elements --map prompt=clue,response=word --dry-run',
        'tilth contribute facts.jsonl --datanet elements --key alice.json --passphrase-file alice.txt'
      ]
    })
  )
    .argument(
      '<file>',
      'JSONL, JSON, CSV, TSV, Parquet, text, Markdown, PDF or DOCX, also packed by gzip or zstd; rows as ' +
        '{"prompt","response"}, {"messages":[…]}, Alpaca, ShareGPT, or columns of questions and answers'
    )
    .option('--datanet <id>', 'id, prefix of one, or name')
    .option('--key <keystore>', "contribute under this key instead of the daemon's")
    .option('--passphrase-file <file>', "file with the keystore's passphrase")
    .option(
      '--validator <address>',
      'with --key, in a private Datanet: each account that may read the rows, its validators and its host, as known ' +
        "from elsewhere; without it the daemon's word is taken",
      collect
    )
    .option('--map <what=column>', mapHelp, collect)
    .option('--dry-run', 'say row by row what would be kept and refused, and send nothing')
    .option('--wait', 'follow it until it is decided; fails unless it is accepted')
    .option('--bond <tokens>', 'what may be locked with it, where the Datanet asks for a bond')
    .option('--anyway', 'send what the checks here would refuse; it costs an upload all the same')
    .action(
      guarded(async (path: string, flags: ContributeFlags) => {
        const api = await connect(flags)
        const net = await findDatanet(api, flags.datanet)
        const shard = await readShardFile(path, net, flags.map)
        const { text } = shard
        const mostBond = flags.bond === undefined ? 0n : tokenAmount(flags.bond, '--bond')
        const key =
          flags.key === undefined
            ? undefined
            : await openKeystore(flags.key, await openingPassphrase({ file: flags.passphraseFile }))
        const checked = (): Promise<PreviewView | undefined> =>
          check(api, net, text, key?.address).catch((cause: unknown) => {
            if (flags.anyway === true && flags.dryRun !== true) return undefined
            throw unchecked(cause)
          })
        let preview = await checked()
        if (flags.dryRun === true && preview !== undefined) {
          if (flags.json === true) printJson({ ...preview, file: fileOf(shard) })
          else console.log(previewText(preview, net, shard))
          if (!preview.accept) process.exitCode = 1
          return
        }
        const sent = async (): Promise<{ id: string }> => {
          if (preview !== undefined) {
            if (flags.anyway !== true) mustPass(preview, net, shard)
            warn(preview, shard)
          }
          if (isConverted(shard)) for (const line of readingText(shard)) console.error(line)
          for (const problem of problemsInWords(shard.problems)) console.error(`  left out: ${safe(problem)}`)
          return send(api, net, text, key, mostBond, flags.validator)
        }
        // An upload is not spent on what nobody here has compared with what is there.
        const isUnknown =
          preview?.compared === false && preview.accept && flags.anyway !== true && net.private === undefined
        const { id } = isUnknown
          ? await caughtUp(api, net, async () => {
              preview = await checked()
              return sent()
            })
          : await sent()
        if (flags.wait !== true) {
          if (flags.json === true) printJson({ id })
          else console.log(`${basename(path)} contributed as ${id}\n${followHint(id, preview, flags)}`)
          return
        }
        console.error(`${basename(path)} contributed as ${id}`)
        const ended = await follow(api, id, line => {
          console.error(line)
        })
        if (flags.json === true) printJson(ended)
        else console.log(`${ended.status} ${id}`)
        // The document on standard output is the contribution, whatever became of it: one, for a program.
        if (ended.status !== 'accepted') {
          tell(`${red('error:')} it ended as ${ended.status}: ${reasonInWords(ended.reason ?? '')}`)
          for (const line of againText(ended, net, flags)) tell(line)
          process.exitCode = 1
        }
      })
    )
}

/** How a file was read, for programs. */
const fileOf = ({ container, columns, notes, mappings, problems, places }: ShardFile) => ({
  container,
  columns,
  notes,
  mappings,
  rows: places.length,
  problems: problems.map(({ place, fault }) => ({ place, ...fault }))
})

/** Whether rows were made of something else than what they are. */
const isConverted = ({ container, mappings }: ShardFile): boolean =>
  !container.startsWith('JSONL') ||
  mappings.some(
    ({ says, unused }) => unused.length > 0 || !/^(prompt is `prompt`; response is|turns are `messages`)/.test(says)
  )

/** A file that could not be checked is not sent unasked: what the daemon lacks may be there later. */
const unchecked = (cause: unknown): TilthError => {
  const { message, help } =
    cause instanceof TilthError ? cause : new TilthError('contribution.unchecked', String(cause))
  return new TilthError('contribution.unchecked', `the file could not be checked: ${message}`, {
    help: `${help === undefined ? '' : `${help} `}Nothing was sent; send it unchecked with --anyway.`,
    cause
  })
}

const followHint = (id: string, preview: PreviewView | undefined, flags: CallFlags): string =>
  [
    ...(preview === undefined ? [] : [uploadsLeft({ ...preview, uploads: preview.uploads + 1 })]),
    `follow it with: ${tilthLine('contributions', flags)}`,
    `take it back, while it is not decided, with: ${tilthLine(`withdraw ${id}`, flags)}`
  ].join('\n')

/**
 * Contribution by a key that the daemon never sees: it stores the shard, the caller signs, the daemon relays.
 * @param mostBond what may be locked with it @throws InvalidError `contribution.bond`
 */
export async function contributeSigned(...given: Parameters<typeof prepareSigned>): Promise<{ id: string }> {
  return (await prepareSigned(...given))()
}

/** The same up to the signatures: the shard is stored. @returns what signs, and takes the place on chain */
export async function prepareSigned(
  api: ApiClient,
  datanet: string,
  file: string,
  contributor: `0x${string}`,
  privateKey: Uint8Array,
  mostBond = 0n,
  shown?: Pick<DatanetView, 'rules'>
): Promise<() => Promise<{ id: string }>> {
  const prepared = await api.call('prepareContribution', { params: { id: datanet }, body: { file, contributor } })
  const { cid, rows, bytes } = prepared
  const content = { cid, rows, bytes, salt: prepared.salt as Hex }
  const by = { address: contributor, privateKey }
  return () => signAndSend(api, datanet as Hex, { content, agreed: prepared }, by, mostBond, shown)
}
