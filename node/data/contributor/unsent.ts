import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import { requireAgreedTo } from '../../../protocol/data/index.ts'
import type { ContributionStatements } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book, UnsentRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Holdings } from '../storage/index.ts'
import type { Agreed } from './agreed.ts'
import type { ContributingService, UnsentView } from './types.ts'

/** What was not sent is kept so long for its contributor to say how it goes on, and so much of it. */
const keptMs = 30 * 86_400_000
const mostKept = 256

/** What was not sent, and why. */
export interface Waiting {
  readonly id: Hex
  readonly record: UnsentRecord
}

/** Contributions that were promised here and cannot be sent as they were signed: their contributors are asked again. */
export interface Unsent extends Pick<ContributingService, 'unsent' | 'confirm'> {
  /** Takes one out of what is sent by itself. */
  put(statements: ContributionStatements, why: InvalidError): Promise<void>
  tidy(): Promise<void>
}

export function createUnsent(
  { clock, events, key, log, network }: Pick<DataDeps, 'clock' | 'events' | 'key' | 'log' | 'network'>,
  book: Book,
  holdings: Pick<Holdings, 'release'>,
  agreed: Pick<Agreed, 'now'>,
  /** Sends it instead of one that waits here. */
  submit: (signed: ContributionStatements, instead: Waiting) => Promise<{ id: Hex; index: number }>
): Unsent {
  const confirming = new Set<Hex>() // of those that are being sent right now

  async function drop(id: Hex, cid: string): Promise<void> {
    await book.unsent.delete(id)
    await holdings.release(cid, `contribution/${id}`)
  }

  async function sendAgain(id: Hex, mostBond: bigint): Promise<{ id: Hex; index: number }> {
    const known = await book.unsent.get(id)
    if (known === undefined)
      throw new NotFoundError('contribution.unknown', 'no such contribution waits here to be confirmed', {
        help: '`tilth contributions --unsent` shows what was not sent.'
      })
    const { commitment, reveal, sealed } = known.statements
    const { datanet, contributor, commitment: hash } = commitment.message
    // [reject] Its contributor signs again; this node has its own key.
    if (contributor !== addressOfKey(key))
      throw new InvalidError('contribution.not-ours', 'this contribution is of another key than this node has', {
        help: 'Contribute the file again, and sign with that key.'
      })
    const message = { datanet, contributor, commitment: hash, ...(await agreed.now(datanet)) }
    requireAgreedTo(message, mostBond)
    const content = { ...reveal.message, contribution: digest(network, 'Commitment', message) }
    const signed = {
      commitment: signStatement(network, 'Commitment', message, key),
      reveal: signStatement(network, 'Reveal', content, key),
      ...(sealed === undefined ? {} : { sealed })
    }
    return await submit(signed, { id, record: known })
  }

  return {
    async put(statements, { code, message }) {
      const { contribution: id } = statements.reveal.message
      const { datanet } = statements.commitment.message
      await book.unpromise(id, { id, record: { statements, code, says: message.slice(0, 500), at: clock.now() } })
      log.warn('a contribution was not sent: its contributor is asked again', { contribution: id, code })
      events.emit('data.unsent', { datanet, contribution: id, code })
    },
    async unsent() {
      const views: UnsentView[] = []
      for await (const [id, { statements, code, says, at }] of book.unsent.entries()) {
        const { datanet, contributor } = statements.commitment.message
        const { rows } = statements.reveal.message
        views.push({ id: id as Hex, datanet, contributor, rows, code, says, at })
      }
      return views.sort((a, b) => b.at - a.at)
    },
    async confirm(id, mostBond = 0n) {
      // [reject] Each is sent once, however often it is said.
      if (confirming.has(id))
        throw new InvalidError('contribution.sending', 'this contribution is being sent right now', {
          consequence: 'retry',
          help: 'Try again in a few seconds.'
        })
      confirming.add(id)
      try {
        return await sendAgain(id, mostBond)
      } finally {
        confirming.delete(id)
      }
    },
    async tidy() {
      const all: { id: Hex; cid: string; at: number }[] = []
      for await (const [id, { statements, at }] of book.unsent.entries())
        all.push({ id: id as Hex, cid: statements.reveal.message.cid, at })
      all.sort((a, b) => b.at - a.at)
      for (const [i, { id, cid, at }] of all.entries())
        if (i >= mostKept || at + keptMs < clock.now()) await drop(id, cid)
    }
  }
}
