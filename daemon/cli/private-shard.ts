import { sealingKey } from '../../protocol/crypto/index.ts'
import {
  HeldOut,
  RowIndex,
  commitmentOf,
  datanetRules,
  mostReaders,
  parseShard,
  previewLine,
  previewSteps,
  readersFrom,
  saltOfKeys,
  sealedShardBytes,
  sealedShardOf
} from '../../protocol/data/index.ts'
import type { Row } from '../../protocol/data/index.ts'
import { InvalidError, everyItem } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { ApiClient, DatanetView, PreviewView } from '../api/contract/index.ts'
import { checkAddress } from './command.ts'
import { signAndSend } from './sign-and-send.ts'

// A contribution to a private Datanet by a key that no daemon has: rows are checked and encrypted here, and the daemon
// gets what everybody may have.

const encoder = new TextEncoder()
const order = Number.MAX_SAFE_INTEGER - 1
const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))

/** What of the checks needs nobody else's rows. */
export async function checkHere(
  api: ApiClient,
  net: DatanetView,
  text: string,
  account: Address
): Promise<PreviewView> {
  const heldOut: Row[] = []
  for await (const row of everyItem(page => api.call('heldOut', { params: { id: net.id, ...page } })))
    heldOut.push(row as Row)
  let uploads = 0
  for await (const _ of everyItem(page =>
    api.call('contributions', { params: { id: net.id, contributor: account, ...page } })
  ))
    uploads++
  const { uploads: _limits, ...rules } = net.rules
  const shard = encoder.encode(text)
  const steps = previewSteps({
    shard,
    added: sealedShardBytes,
    rules: datanetRules.partial().parse(rules) as typeof rules,
    heldOut: new HeldOut(heldOut),
    earlier: new RowIndex(net.rules.nearDuplicate),
    order,
    uploads
  })
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  const verdict = step.value
  const lines = parseShard(shard, rules.maxRows).map(({ line }, i) => previewLine(line, verdict.rows[i]))
  return {
    accept: verdict.accept,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    checks: verdict.checks.map(check => ({ ...check })),
    rows: lines.length,
    own: lines.filter(({ code }) => code === 'own').length,
    lines,
    uploads,
    allowed: rules.uploadsPerContributor,
    compared: false
  }
}

/**
 * [reject] Whoever knows who reads it from elsewhere seals to nobody else: roster, host and keys are all the daemon's
 * word. @throws InvalidError `keys.strangers`
 */
function requireKnown(accounts: readonly Address[], known: readonly string[] | undefined): void {
  if (known === undefined) return
  const meant = new Set(known.map(checkAddress))
  const strangers = accounts.filter(account => !meant.has(account))
  if (strangers.length === 0) return
  throw new InvalidError('keys.strangers', `the daemon says that ${strangers.join(', ')} may read these rows`, {
    help: 'Nothing was sealed or sent. Look by another daemon who sits and who hosts, and name each by --validator.'
  })
}

/**
 * @param known accounts that may read it, the host's among them, as its contributor knows them from elsewhere; without
 * them the daemon's word is taken
 * @throws InvalidError `keys.account`, `keys.readers`, `keys.strangers`, `commitment.mismatch`
 */
export async function contributeSealed(
  api: ApiClient,
  { id, rules, validators }: DatanetView,
  text: string,
  contributor: Address,
  privateKey: Uint8Array,
  mostBond: bigint,
  known?: readonly string[]
): Promise<{ id: string; sealedTo: readonly Address[] }> {
  const datanet = id as Hex
  const { readers } = await api.call('readers', { params: { id } })
  const roster = validators.map(({ address, weight }) => ({ address: address as Address, weight }))
  const said = readers.map(({ account, key }) => ({ account: account as Address, key: key as Hex | null }))
  const others = readersFrom(said, roster).filter(({ account }) => account !== contributor)
  requireKnown([...roster.map(({ address }) => address), ...others.map(({ account }) => account)], known)
  const all = [...others, { account: contributor, key: sealingKey(privateKey) }].slice(0, mostReaders)
  const bytes = encoder.encode(text)
  const { file, sealed } = sealedShardOf(bytes, { datanet, contributor }, all, random)
  const rows = parseShard(bytes).length
  const prepared = await api.call('prepareContribution', {
    params: { id },
    body: { contributor, sealed: { content: Buffer.from(file).toString('base64'), rows, keys: sealed } }
  })
  const salt = saltOfKeys(sealed)
  const content = { cid: prepared.cid, rows, bytes: file.length, salt }
  const commitment = commitmentOf({ datanet, contributor, ...content })
  // [reject] What is signed is what was encrypted here.
  if (commitment !== prepared.commitment)
    throw new InvalidError('commitment.mismatch', 'the daemon prepared something else than this file', {
      help: 'Nothing was signed.'
    })
  const by = { address: contributor, privateKey }
  const sent = await signAndSend(api, datanet, { content: { ...content, sealed }, agreed: prepared }, by, mostBond, {
    rules
  })
  return { ...sent, sealedTo: others.map(({ account }) => account) }
}
