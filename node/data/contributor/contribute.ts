import { digest, signStatement, addressOfKey } from '../../../protocol/crypto/index.ts'
import {
  checkAllowance,
  checkStatements,
  commitmentOf,
  reasonInWords,
  requireAgreedTo,
  saltOfKeys
} from '../../../protocol/data/index.ts'
import type { ContributionStatements, DatanetRules } from '../../../protocol/data/index.ts'
import { InvalidError, LimitError, TilthError, toHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import type { Allowances } from '../allowances.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import type { Notes, Receiver } from '../exchange/index.ts'
import type { Interest } from '../interest/index.ts'
import type { Rosters } from '../rosters.ts'
import type { Holdings } from '../storage/index.ts'
import type { Sealing } from './sealing.ts'
import { createAgreed, isReturned } from './agreed.ts'
import type { ContributingService, PreparedContribution } from './types.ts'
import { createUnsent } from './unsent.ts'
import type { Waiting } from './unsent.ts'

/** How long a shard waits here for its contributor's signatures. */
const preparedMs = 3_600_000

const encoder = new TextEncoder()
/** [reject] A file that the Datanet takes from nobody is not read. @throws LimitError `shard.too-large` */
export function requireFits(bytes: Uint8Array, { maxBytes }: { readonly maxBytes: number }): void {
  if (bytes.length > maxBytes)
    throw new LimitError('shard.too-large', `the file has ${bytes.length} bytes, the Datanet takes ${maxBytes}`, {
      help: 'Split it into several contributions.'
    })
}

/** Where a contribution that is made now will stand: after all others, in a block that is not there yet. */
export const nextOf = (
  datanet: Hex,
  contributor: Address,
  { ledger }: Pick<DataDeps['chain'], 'ledger'>
): { datanet: Hex; contributor: Address; index: number; block: bigint } => ({
  datanet,
  contributor,
  index: Number.MAX_SAFE_INTEGER,
  block: (ledger.head()?.block ?? 0n) + 1n
})

/** [reject] A mix takes no contributions. @throws InvalidError `datanet.mix` */
export function requireTakes({ name, parents }: Pick<DatanetRules, 'name' | 'parents'>): void {
  if (parents !== undefined)
    throw new InvalidError('datanet.mix', `${name} is a mix of other Datanets and takes no contributions of its own`, {
      help: `Contribute to one of its parents: ${parents.join(', ')}.`
    })
}

export const bytesOf = (file: string | Uint8Array): Uint8Array =>
  typeof file === 'string' ? encoder.encode(file) : file

/** A contributor's statements, and its permit for the bond where one is needed. */
interface Promised extends ContributionStatements {
  readonly permit?: Signed<'Permit'> | undefined
}

export interface Contributing extends Pick<
  ContributingService,
  'prepare' | 'submit' | 'contribute' | 'unsent' | 'confirm'
> {
  /** Takes up what was promised and not finished: commits what is not on chain, reveals what is. */
  resume(): Promise<void>
  /** Lets go of shards that were prepared long ago and never contributed. */
  tidy(): Promise<void>
  /** Whether a contribution is on its way to the chain, or being shown, right now. */
  readonly sending: (id: Hex) => boolean
}

/** The contributor's side, for this node's key or for signatures made elsewhere. */
export function createContributing(
  deps: Pick<DataDeps, 'chain' | 'clock' | 'events' | 'files' | 'gossip' | 'key' | 'log' | 'network' | 'self'>,
  book: Book,
  allowances: Pick<Allowances, 'uploads' | 'context'>,
  holdings: Pick<Holdings, 'fetch' | 'hold' | 'release'>,
  receiver: Receiver,
  notes: Pick<Notes, 'document'>,
  rosters: Pick<Rosters, 'sitting'>,
  interest: Pick<Interest, 'take'>,
  sealing: Sealing
): Contributing {
  const { chain, clock, files, gossip, log, network, self } = deps
  const busy = new Set<Hex>()
  const agreed = createAgreed(deps, datanet => notes.document(datanet))
  const unsent = createUnsent(deps, book, holdings, agreed, send)

  /** Its place in the order of authorship: found on chain, or taken now. Safe to call again. */
  async function commit({ commitment, permit }: Promised): Promise<{ index: number; block?: bigint }> {
    const { message, signature } = commitment
    const id = digest(network, 'Commitment', message)
    const there = await chain.datanets.commitment(id)
    if (there !== undefined) return { index: Number(there.index) }
    await agreed.require(commitment, permit)
    try {
      if (message.bond > 0n && message.contributor === chain.account) await chain.bonds.allow(message.bond)
      const { index, block } =
        permit === undefined
          ? await chain.datanets.commitFor(message, signature)
          : await chain.bonds.commitWithPermit(message, signature, permit)
      return { index: Number(index), block }
    } catch (error) {
      const since = await chain.datanets.commitment(id) // somebody else may have relayed it meanwhile
      if (since !== undefined) return { index: Number(since.index) }
      throw agreed.told(error, message)
    }
  }

  /** Shows what was committed. Taken here first: who asks this node for it will find it. */
  async function revealIt(promised: Promised): Promise<void> {
    const { permit: _, ...statements } = promised
    const message = { kind: 'reveal', statements, provider: self } as const
    await receiver.take(message).catch((error: unknown) => {
      log.debug('the own reveal waits for the chain', { error })
    })
    await gossip.publish(datanetTopic(statements.commitment.message.datanet), message).catch((error: unknown) => {
      log.info('a reveal was not announced; others ask for it', { error })
    })
  }

  async function finish(statements: Promised): Promise<number> {
    const id = statements.reveal.message.contribution
    busy.add(id)
    try {
      const { index, block } = await commit(statements)
      await sealing.keepKey(id, statements)
      // What is shown before its commitment is confirmed, somebody could commit to first, should the chain go back. It
      // is shown later then, by `resume`.
      const at = block ?? (await chain.ledger.commitment(id))?.block
      if (chain.ledger.confirmations <= 1n || (at !== undefined && chain.ledger.confirmed(at)))
        await revealIt(statements)
      return index
    } finally {
      busy.delete(id)
    }
  }

  /** @param instead what waits for its contributor, whose place it takes: one of the two is there, also if killed */
  async function send(statements: Promised, instead?: Waiting): Promise<{ id: Hex; index: number }> {
    const id = checkStatements(network, statements)
    const { datanet } = statements.commitment.message
    const { rules } = await notes.document(datanet)
    requireTakes(rules)
    sealing.requireSealed(rules, statements)
    // Whoever brings a contribution in has to do with the Datanet from then on, and knows what becomes of it.
    await interest.take(datanet, 'contributor')
    const { cid, bytes } = statements.reveal.message
    if (!(await files.has(cid)))
      throw new InvalidError('shard.missing', 'the shard of this contribution is not on this node', {
        help: 'Send the file to this node first (prepare).'
      })
    if ((await book.contribution(id)) === undefined) {
      if (!(await book.outbox.has(id))) await agreed.require(statements.commitment, statements.permit)
      await holdings.hold(cid, `contribution/${id}`, bytes)
      const { bond, deadline } = statements.commitment.message
      if (bond > 0n) await book.bonded.put(id, Number(deadline))
      await book.promise(id, statements, instead?.id)
      if (instead !== undefined && instead.id !== id) await holdings.release(cid, `contribution/${instead.id}`)
    }
    const index = await finish(statements).catch(async (cause: unknown) => {
      if (cause instanceof TilthError && cause.consequence === 'retry') {
        throw new TilthError('contribution.pending', 'the contribution is kept and not on chain yet', {
          help: 'This node goes on trying; there is no need to contribute it again.',
          cause,
          details: { contribution: id }
        })
      }
      if (instead === undefined) await book.outbox.delete(id)
      else {
        await holdings.hold(cid, `contribution/${instead.id}`, bytes)
        await book.unpromise(id, instead)
      }
      if (instead?.id !== id) await holdings.release(cid, `contribution/${id}`)
      throw cause
    })
    void files.provide(cid).catch((error: unknown) => {
      log.debug('a shard was not announced in the DHT', { cid, error })
    })
    return { id, index }
  }

  const contributing: Contributing = {
    async prepare({ datanet, file, contributor, sealed: given }): Promise<PreparedContribution> {
      const net = await notes.document(datanet)
      const { rules } = await rosters.sitting(datanet, net)
      requireTakes(rules)
      requireFits(bytesOf(file), rules)
      const { bytes, rows, sealed } = await sealing.shardOf({ datanet, file, contributor, sealed: given }, net, rules)
      requireFits(bytes, rules)
      if (rows > rules.maxRows)
        throw new LimitError(
          'shard.too-many-rows',
          `the file has more than ${rules.maxRows} rows, which is all the Datanet takes at once`,
          { help: 'Split it into several contributions.' }
        )
      if (rows === 0)
        throw new InvalidError('shard.empty', 'the file has no rows', {
          help: 'Each line is {"prompt","response"} or {"messages":[…]}.'
        })
      const place = nextOf(datanet, contributor, chain)
      const uploads = await allowances.uploads(place, rules)
      if (uploads >= rules.uploadsPerContributor)
        throw new LimitError(
          'contributor.allowance',
          `${contributor} has made all ${rules.uploadsPerContributor} contributions that the Datanet allows`,
          { help: 'Each contribution counts, also a rejected one.' }
        )
      const context = await allowances.context(place, rules)
      const found = checkAllowance(rules, uploads, context, { rows, bytes: bytes.length })
      if (found.code !== 'ok')
        throw new LimitError('contributor.allowance', `${reasonInWords(found.code)}: ${found.note}`, {
          help: 'Bring fewer rows, or wait for the next epoch: accepted rows let an account bring more.'
        })
      const terms = await agreed.now(datanet)
      const permit = await agreed.permit(contributor, terms)
      const cid = await files.addBytes(bytes, { pin: false })
      await book.prepared.put(cid, { until: clock.now() + preparedMs })
      await holdings.fetch(cid, 'prepared', { maxBytes: bytes.length })
      const salt = sealed === undefined ? toHex(crypto.getRandomValues(new Uint8Array(32))) : saltOfKeys(sealed)
      const content = { cid, rows, bytes: bytes.length, salt }
      const commitment = commitmentOf({ datanet, contributor, ...content })
      const message = { datanet, contributor, commitment, ...terms }
      return {
        id: digest(network, 'Commitment', message),
        ...content,
        message,
        ...(sealed === undefined ? {} : { sealed }),
        ...(permit === undefined ? {} : { permit })
      }
    },

    submit: statements => send(statements),

    async contribute({ datanet, file, contributorKey = deps.key, mostBond = 0n }) {
      const contributor: Address = addressOfKey(contributorKey)
      const prepared = await contributing.prepare({ datanet, file, contributor })
      const { id, cid, rows, bytes, salt, message, permit, sealed } = prepared
      requireAgreedTo(message, mostBond)
      return contributing.submit({
        commitment: signStatement(network, 'Commitment', message, contributorKey),
        reveal: signStatement(network, 'Reveal', { contribution: id, cid, rows, bytes, salt }, contributorKey),
        ...(sealed === undefined ? {} : { sealed }),
        ...(permit === undefined
          ? {}
          : {
              permit: signStatement({ ...network, registry: permit.token }, 'Permit', permit.message, contributorKey)
            })
      })
    },

    async resume() {
      for await (const [key, statements] of book.outbox.entries()) {
        const id = key as Hex
        if (busy.has(id)) continue
        const record = await book.contribution(id)
        // Once a reveal stands in the book, others who miss it ask for it.
        if (record !== undefined && record.state.name !== 'committed') await book.outbox.delete(id)
        else
          await finish(statements).catch(async (error: unknown) => {
            // What waited here is sent as it was signed, or not at all.
            const { permit: _, ...signed } = statements
            if (isReturned(error)) await unsent.put(signed, error)
            else log.info('a contribution is not on chain yet; it is tried again', { contribution: id, error })
          })
      }
    },

    unsent: () => unsent.unsent(),
    confirm: (id, mostBond) => unsent.confirm(id, mostBond),
    async tidy() {
      await unsent.tidy()
      for await (const [cid, { until }] of book.prepared.entries()) {
        if (until > clock.now()) continue
        await holdings.release(cid, 'prepared')
        await book.prepared.delete(cid)
      }
    },
    sending: id => busy.has(id)
  }
  return contributing
}
