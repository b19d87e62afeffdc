import { z } from 'zod'
import { signStatement, signedSchema } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { isJuried, isQuorum, isSealOf, versionRoot, weightOf } from '../../../protocol/data/index.ts'
import type { DatanetDocument, Sealed } from '../../../protocol/data/index.ts'
import { TilthError, anySignal, bytes32 } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache, unlessAborted } from '../../runtime/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps, DataTiming } from '../deps.ts'
import type { Notes } from '../exchange/index.ts'
import type { Rosters } from '../rosters.ts'
import { heldBack } from '../jury/words.ts'
import { acceptedRows } from '../jury/taken.ts'
import { acceptedOf } from './entries.ts'
import type { LearnRows } from './entries.ts'

// /tilth/data/seal/1: a host asks a validator to seal a version. The validator makes the version of its own book, as
// far as the host says, and seals it if it is the same.

/** `last`: the place of the last contribution in it. */
export const sealRequest = z.strictObject({
  datanet: bytes32,
  version: z.int().min(1),
  root: bytes32,
  count: z.int().min(1),
  last: z.int().min(1)
})
export const sealReply = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sealed'), seal: signedSchema('VersionSeal') }),
  /** It is not what this validator has: one of the two lacks something, and asks the other for it. */
  z.strictObject({ kind: z.literal('differs') }),
  /** Something was accepted a while ago that is not in it. */
  z.strictObject({ kind: z.literal('more') })
])

/** Between two tries with the same validator: longer each time, as it counts how often it is asked. */
const againMs = 500
const longestAgainMs = 4_000
/** Contributions whose acceptance is remembered with its time. */
const remembered = 4096

const isRefusal = (error: unknown): error is TilthError =>
  error instanceof TilthError && (error.code === 'limit.rate' || error.code === 'limit.busy')

/** Seals on versions: given as a validator, asked for as a host. */
export interface Seals {
  /** Answers a host. */
  serve(stream: MessageStream): Promise<void>
  /** A contribution was accepted now: a version may lack it for a short while. */
  accepted(contribution: Hex): void
  /**
   * Asks the validators that sit until enough of them have sealed a version.
   * @param last the place of the last contribution in it
   * @param isOutdated whether more is known to be accepted by now
   * @returns undefined when it is
   * @throws TilthError `version.unsealed` (retry)
   */
  collect(
    net: DatanetDocument,
    version: Sealed,
    last: number,
    isOutdated: () => Promise<boolean>
  ): Promise<Signed<'VersionSeal'>[] | undefined>
}

export function createSeals(
  deps: Pick<DataDeps, 'chain' | 'clock' | 'key' | 'log' | 'network' | 'self' | 'streams'>,
  timing: Pick<DataTiming, 'sealMs' | 'sealGraceMs'>,
  book: Book,
  notes: Pick<Notes, 'pull' | 'pullQuietly'>,
  rosters: Pick<Rosters, 'sitting'>,
  learn: LearnRows,
  stopping: AbortSignal
): Seals {
  const { chain, clock, key, log, network, self, streams } = deps
  const acceptedAt = createCache<Hex, number>({ max: remembered })

  const sign = (version: Sealed): Signed<'VersionSeal'> =>
    signStatement(network, 'VersionSeal', { ...version, validator: self }, key)

  /** Whether something that was accepted a while ago comes after a place. */
  async function lacks(datanet: Hex, last: number): Promise<boolean> {
    const held = await heldBack(chain.ledger)
    for await (const record of book.contributions(datanet, last + 1)) {
      const { id, state } = record
      // What is not remembered was accepted before this process began.
      if (
        state.name === 'accepted' &&
        !held.has(id) &&
        (acceptedAt.get(id) ?? 0) + timing.sealGraceMs < clock.now() &&
        (await book.removed(id)) === undefined &&
        // What a jury took without anybody telling which rows is in no version.
        !(isJuried(state) && (await acceptedRows(book, record)) === undefined)
      )
        return true
    }
    return false
  }

  async function answer(asked: z.infer<typeof sealRequest>, net: DatanetDocument): Promise<z.infer<typeof sealReply>> {
    const { last, ...version } = asked
    const { rules } = await rosters.sitting(asked.datanet, net)
    const latest = (await chain.ledger.datanet(asked.datanet))?.version ?? 0
    if (weightOf(rules.validators, self) === 0 || latest + 1 !== asked.version) return { kind: 'differs' }
    const { entries } = await acceptedOf(book, asked.datanet, await heldBack(chain.ledger), last, learn)
    if (entries.length !== asked.count || versionRoot(entries) !== asked.root) return { kind: 'differs' }
    if (await lacks(asked.datanet, last)) return { kind: 'more' }
    return { kind: 'sealed', seal: sign(version) }
  }

  async function ask(validator: Address, asked: z.infer<typeof sealRequest>, signal: AbortSignal) {
    const stream = await streams.open(validator, '/tilth/data/seal/1', { signal })
    try {
      await stream.send(asked)
      const answered = await stream.next(sealReply, { signal })
      await stream.end()
      return answered
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }

  return {
    accepted(contribution) {
      acceptedAt.set(contribution, clock.now())
    },
    async serve(stream) {
      const asked = await stream.next(sealRequest)
      if (asked === undefined) return
      const net = (await book.datanet(asked.datanet))?.document
      // [ignore] Seals are for the host alone: its signature anchors. Nobody else makes this node ask for anything.
      if (net === undefined || (await rosters.sitting(asked.datanet, net)).host !== stream.address)
        return stream.send({ kind: 'differs' })
      const answered = await answer(asked, net).catch((error: unknown): z.infer<typeof sealReply> => {
        log.debug('a version could not be compared yet', { datanet: asked.datanet, error })
        return { kind: 'differs' }
      })
      if (answered.kind === 'differs') notes.pullQuietly(stream.peerId)
      await stream.send(answered)
    },
    async collect(net, version, last, isOutdated) {
      const roster = net.rules.validators
      const seals = new Map<Address, Signed<'VersionSeal'>>()
      const enough = new AbortController()
      const signal = anySignal([stopping, enough.signal, AbortSignal.timeout(timing.sealMs)])
      const take = (seal: Signed<'VersionSeal'>): void => {
        seals.set(seal.message.validator, seal)
        if (isQuorum(roster, seals.keys())) enough.abort()
      }
      if (weightOf(roster, self) > 0) take(sign(version))
      const lacking = new Map<Address, string>()
      let outdated = false

      async function win(validator: Address): Promise<void> {
        for (let waitMs = againMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestAgainMs)) {
          try {
            const answered = await ask(validator, { ...version, last }, signal)
            if (answered?.kind === 'sealed' && isSealOf(network, roster, version, answered.seal)) {
              if (answered.seal.message.validator === validator) return take(answered.seal)
            }
            lacking.set(validator, answered?.kind === 'more' ? 'knows of more' : 'knows of others')
            await unlessAborted(notes.pull(validator), signal)
            outdated ||= await isOutdated()
            if (outdated) enough.abort()
          } catch (error) {
            lacking.set(validator, isRefusal(error) ? `refuses (${error.code})` : 'is not reached')
            log.debug('a version was not sealed by a validator', { datanet: version.datanet, validator, error })
          }
          await clock.sleep(waitMs, signal).catch(() => undefined) // the signal ends the loop
        }
      }
      if (!isQuorum(roster, seals.keys()))
        await Promise.all(roster.filter(({ address }) => address !== self).map(({ address }) => win(address)))
      if (isQuorum(roster, seals.keys())) return [...seals.values()]
      if (outdated) return undefined
      const why = [...lacking].slice(0, 3).map(([validator, reason]) => `${validator} ${reason}`)
      throw new TilthError(
        'version.unsealed',
        `too few validators seal version ${version.version}: ${why.join('; ')}`,
        {
          consequence: 'retry',
          help: 'Validators of more than two thirds of the weight say that nothing was left out. Try again in a moment.'
        }
      )
    }
  }
}
