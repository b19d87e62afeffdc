import { signStatement } from '../../protocol/crypto/index.ts'
import { checkKeyRequest, keysAtOnce } from '../../protocol/data/index.ts'
import type { VersionManifest } from '../../protocol/data/index.ts'
import { awardKeysReply, awardKeysRequest, checkAwardOnChain, checkAwardPapers } from '../../protocol/jobs/index.ts'
import type { AwardDocument, TuneJobDocument, TuneSpec } from '../../protocol/jobs/index.ts'
import { InvalidError, TilthError, tokenText } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { createLedgerTime } from '../chain/index.ts'
import type { MessageStream } from '../transport/types.ts'
import { awardNames } from './awards.ts'
import type { JobsDeps } from './deps.ts'
import type { PrivateRows } from './private-rows.ts'
import { checkVersion } from './versions.ts'
import { DeclinedError } from './worker/declines.ts'

// /tilth/jobs/keys/1: the rows of a private Datanet, for as long as an award stands. Whoever has keys gives them to a
// worker by what everybody sees on chain, and keeps the worker's signature for it.

const protocol = '/tilth/jobs/keys/1'
/** Who is asked for keys, the builder first. */
const mostAsked = 16

/** Keys under awards: given to workers, and asked for as one. */
export interface AwardKeys {
  start(): void
  stop(): Promise<void>
  /** @throws DeclinedError `work.keys`, `work.stake` where this worker would be given no rows */
  requireKeys(spec: Pick<TuneSpec, 'datanet'>, builder: Address): Promise<void>
  /**
   * Sees to it that the rows of a job's version can be read here until `back` is called; at once where everybody can.
   * @throws TilthError `keys.nobody` (retry)
   */
  obtain(job: TuneJobDocument, award: AwardDocument, signal: AbortSignal): Promise<{ back(): void }>
}

export function createAwardKeys(
  deps: Pick<JobsDeps, 'chain' | 'clock' | 'key' | 'log' | 'network' | 'privateRows' | 'self' | 'streams'>
): AwardKeys {
  const { chain, clock, key, log, network, privateRows, self, streams } = deps
  const { awardId, escrowOf } = awardNames(deps)
  const chainTime = createLedgerTime({ chain, clock })
  const now = (): bigint => BigInt(Math.floor(clock.now() / 1000))
  let off: (() => Promise<void>) | undefined

  async function serve(rows: PrivateRows, stream: MessageStream): Promise<void> {
    const frame = await stream.next(awardKeysRequest)
    if (frame === undefined) return
    const { statement, job, award } = frame
    const asked = checkKeyRequest(statement, { network, now: now(), asker: stream.address, self })
    checkAwardPapers(asked, { job, award }, { network, now: chainTime() })
    const rule = await rows.privateRule(asked.datanet)
    // [reject] Keys are those of a private Datanet.
    if (rule === undefined) throw new InvalidError('keys.datanet', 'everybody reads that Datanet')
    await checkVersion(deps, job.spec)
    const { builder } = job.statement.message
    checkAwardOnChain(award, builder, {
      ground: (await rows.trainerGrounds(asked.datanet, builder))(asked.asker),
      escrow: await chain.escrows.escrow(escrowOf(builder, award)),
      stake: await rows.stakeOf(asked.asker),
      leastStake: BigInt(rule.leastStake ?? 0),
      now: chainTime()
    })
    const { datanet, version } = job.spec
    const manifest = await rows.manifest(datanet, version)
    const { entries } = manifest
    for (let from = 0; from < entries.length; from += keysAtOnce) {
      const some = entries.slice(from, from + keysAtOnce)
      const keys = await rows.giveKeys(statement, { by: 'award', version }, manifest, some)
      await stream.send({ keys, more: from + keysAtOnce < entries.length })
    }
    log.info('keys to private rows were given for an award', { datanet, version, worker: asked.asker })
  }

  async function ask(
    rows: PrivateRows,
    holder: Address,
    papers: { job: TuneJobDocument; award: AwardDocument },
    manifest: VersionManifest,
    signal: AbortSignal
  ): Promise<void> {
    const ground = awardId(papers.award)
    const stream = await streams.open(holder, protocol, { signal })
    try {
      const message = { datanet: manifest.datanet, ground, asker: self, holder, issuedAt: now() }
      await stream.send({ statement: signStatement(network, 'KeyRequest', message, key), ...papers })
      for (;;) {
        const reply = await stream.next(awardKeysReply, { signal })
        for (const one of reply?.keys ?? [])
          // [reject] A key that is given is of this version, and the one that its shard names.
          if (!(await rows.borrowKey(ground, manifest, one)))
            throw new InvalidError('keys.wrong', 'a peer gives keys that open nothing')
        if (reply?.more !== true) break
      }
      await stream.end()
    } catch (error) {
      if (error instanceof InvalidError && error.code === 'keys.wrong') await stream.blame(error)
      else await stream.fail(error)
      throw error
    }
  }

  return {
    start() {
      if (privateRows !== undefined) off = streams.handle(protocol, stream => serve(privateRows, stream))
    },
    async stop() {
      await off?.()
    },
    async requireKeys({ datanet }, builder) {
      if (privateRows === undefined) return
      if ((await privateRows.trainerGrounds(datanet, builder))(self) === undefined)
        throw new DeclinedError(
          'work.keys',
          'its Datanet is private, and nobody who sits there has agreed that this worker reads its rows',
          'Ask its host or a validator to put it forward: tilth datanet trainers add NAME --worker ADDRESS.'
        )
      const least = BigInt((await privateRows.privateRule(datanet))?.leastStake ?? 0)
      if (least === 0n || (await privateRows.stakeOf(self)) >= least) return
      throw new DeclinedError(
        'work.stake',
        `its Datanet is private, and gives its rows to workers that have ${tokenText(least)} tokens at stake`,
        'Stake as much, if its jobs are worth it: tilth wallet stake.'
      )
    },
    async obtain(job, award, signal) {
      const { datanet, version } = job.spec
      const none = { back: () => undefined }
      if (privateRows === undefined || (await privateRows.privateRule(datanet)) === undefined) return none
      const manifest = await privateRows.manifest(datanet, version)
      const { builder } = job.statement.message
      const holders = new Set([builder, ...(await privateRows.holders(datanet))])
      holders.delete(self)
      let last: unknown
      for (const holder of [...holders].slice(0, mostAsked)) {
        if ((await privateRows.lacking(manifest)).length === 0) break
        try {
          await ask(privateRows, holder, { job, award }, manifest, signal)
        } catch (error) {
          if (!(error instanceof TilthError) || signal.aborted) throw error
          log.info('keys to private rows were not to be had', { datanet, version, holder, code: error.code })
          last = error
        }
      }
      const back = (): void => {
        privateRows.returnKeys(awardId(award))
      }
      const lacking = await privateRows.lacking(manifest)
      if (lacking.length === 0) return { back }
      back()
      throw new TilthError(
        'keys.nobody',
        `nobody gives the keys to ${lacking.length} of ${manifest.entries.length} private contributions`,
        { consequence: 'retry', cause: last, help: "The Datanet's validators have to be reachable." }
      )
    }
  }
}
