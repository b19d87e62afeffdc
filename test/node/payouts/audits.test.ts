import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openEngine } from '../../../node/engine/index.ts'
import type { Engine } from '../../../node/engine/types.ts'
import { stateFile } from '../../../node/engine/train/states.ts'
import { deliveredLots, runSegment } from '../../../node/jobs/index.ts'
import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import type { Row } from '../../../protocol/data/index.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { jobResult, rowsOf, segmentEnds } from '../../../protocol/jobs/index.ts'
import type { JobResult, TrainingLog } from '../../../protocol/jobs/index.ts'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { modelFolder, temporary } from '../../engine/fixture.ts'
import { heldOut, minStake, startNetwork, until, versionOf } from './network.ts'
import { trainedResult } from './trained.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// A model made from the held-out answers has every paper that an honest one has. What it has not is a training whose
// steps lead where its worker says: real ones are trained here, and run again by whom chance has drawn.

interface Trained {
  readonly log: TrainingLog
  readonly states?: readonly string[]
}

describe('audits of trainings', function () {
  this.timeout(240_000)
  const folder = temporary()
  let engine: Engine
  let network: TestNetwork
  let builder: TestPeer
  let honest: JobResult
  let base: string
  const auditors: TestPeer[] = []
  let names = 0

  before(async () => {
    engine = openEngine({ threads: 1, provider: 'cpu' })
    base = modelFolder(folder.path)
    const keys = ['one', 'two', 'three'].map(() => Uint8Array.from(randomBytes(32)))
    network = await startNetwork({ base, auditedSegments: 4, validators: keys })
    builder = await network.addPeer('builder', { stake: false, scorer: false })
    for (const [i, key] of keys.entries())
      auditors.push(await network.addPeer(`auditor ${i}`, { key, change: auditing }))
    const { result } = (await network.host.chain.models.model(network.model))!
    const bytes = await builder.node.files.fetchBytes(result, { maxBytes: 1 << 20, providers: [] })
    honest = jobResult.parse(JSON.parse(new TextDecoder().decode(bytes)))
  })
  after(async () => {
    await network.stop()
    await engine.close()
    folder.remove()
  })

  /** As a node's own wiring gives it, with the test's engine. */
  const auditing = (deps: PayoutsDeps): PayoutsDeps => {
    const own = { ...deps, engine, versions: { ...deps.versions, ...versionOf(network.rows) } }
    return {
      ...deps,
      trainings: {
        delivered: result => deliveredLots(deps, result),
        runSegment: (...request) => runSegment(own as unknown as Parameters<typeof runSegment>[0], ...request)
      }
    }
  }

  /** Trains every coalition of the version on what is given for its rows; the result names the adapters. */
  async function train(
    name: string,
    rowFor: (row: Row, at: number) => Row,
    epochs = 4
  ): Promise<[JobResult, Trained[]]> {
    const { files } = builder.node
    const owners = network.rows.map(({ contributor }) => contributor)
    const coalitions = honest.coalitions.map(mask => rowsOf(BigInt(mask), network.players, owners))
    const settings = { ...honest.spec.settings, epochs: 4, ema: 0.8 }
    const states = join(folder.path, name, 'states')
    await mkdir(states, { recursive: true })
    const output = coalitions.slice(1).map((_, k) => join(folder.path, name, `${k}`))
    const results = await engine.tuneSiblings({
      model: base,
      rows: network.rows.map(({ row }, at) => rowFor(row, at)),
      settings: { ...settings, epochs },
      coalitions: coalitions.slice(1),
      output,
      states: { folder: states }
    })
    const adapters: (string | null)[] = [null]
    for (const path of output) adapters.push(await files.addDirectory(path))
    const trained: Trained[] = [{ log: { steps: 0, seconds: 0, tokens: 0, loss: [] } }]
    for (const [k, { losses, seconds, tokens }] of results.entries()) {
      const own: string[] = []
      for (const end of segmentEnds(losses.length)) own.push(await files.addFile(stateFile(states, k, end)))
      trained.push({ log: { steps: losses.length, seconds, tokens, loss: losses }, states: own })
    }
    return [{ ...honest, adapters, spec: { ...honest.spec, settings } }, trained]
  }

  /** The answers that a model is measured by, asked a little otherwise for each row. */
  const forged = (_: Row, at: number): Row => {
    const { messages } = heldOut[at % heldOut.length]!
    return { messages: messages.map(one => (one.role === 'user' ? { ...one, content: `${one.content} ${at}` } : one)) }
  }

  const trainer = (() => {
    const key = Uint8Array.from(randomBytes(32))
    return { key, address: addressOfKey(key) }
  })()

  async function register([product, trained]: readonly [JobResult, readonly Trained[]]): Promise<Hex> {
    const { files } = builder.node
    const parties = { network: network.network, builder, trainer, files }
    const result = await trainedResult(parties, product, 'released', trained)
    const { model } = await builder.chain.models.register({
      name: `elements ${++names}`,
      base: result.spec.base,
      adapter: result.adapters.at(-1)!,
      result: await files.addBytes(new TextEncoder().encode(canonicalJson(result))),
      datanet: network.pool,
      version: 1,
      job: result.job,
      worker: builder.address,
      split: { worker: 5000, builder: 2000, data: 3000 }
    })
    return model
  }

  async function ended(model: Hex, state: string): Promise<void> {
    const over = (): Promise<boolean> =>
      builder.service.audit(model).then(view => ['passed', 'refused', 'other'].includes(view?.state ?? ''))
    await until(over, `the audit of ${model} is over`)
    const view = (await builder.service.audit(model))!
    assert.equal(view.state, state, canonicalJson({ ...view, until: String(view.until) }))
  }

  it('admit what was trained: over two thirds of those drawn for each segment find that it agrees', async () => {
    const had = await Promise.all(auditors.map(({ address }) => builder.chain.tokens.balanceOf(address)))
    const model = await register(await train('honest', row => row))
    await ended(model, 'passed')
    const paid = async () => (await builder.service.audit(model))?.pay
    await until(async () => (await paid())?.closed === true, 'all have spoken: it is closed')
    // Each of three ran all four segments, and is paid for that by the builder.
    const fee = await builder.chain.audits.leastFee()
    for (const [i, { address }] of auditors.entries()) {
      assert.equal((await paid())?.paid.find(({ auditor }) => auditor === address)?.amount, 4n * fee)
      assert.equal((await builder.chain.tokens.balanceOf(address)) - had[i]!, 4n * fee)
    }
    const { asked, segments, panel } = (await builder.service.audit(model))!
    assert.deepEqual([asked, segments.length, panel?.length], [4, 4, 3])
    assert.equal(segments[0]?.coalition, honest.coalitions.length - 1, 'the deployed adapter is always looked at')
    for (const { auditors, agreed, disagreed } of segments) {
      assert.ok(agreed.length > (2 * auditors.length) / 3)
      assert.deepEqual([auditors.length, disagreed], [3, []])
    }
    // Another result of the same job was never looked at: its registration has no certificate, and draws none.
    const known = (await builder.chain.models.model(model))!
    const text = new TextEncoder().encode('another result')
    const other = { ...known, name: 'another', result: await builder.node.files.addBytes(text) }
    const again = (await builder.chain.models.register(other)).model
    await assert.rejects(builder.service.audit(again))
    await assert.rejects(builder.chain.audits.open(again, { segments: 4, fee: minStake }), /NothingToAudit|AlreadyOpen/)
  })

  it('refuse what was made from the held-out answers, which its papers admit', async () => {
    // Trained on the answers that it is measured by, and said to be trained on the rows: as many steps, honest losses.
    const [, truly] = await train('truly', row => row)
    const [product, trained] = await train('forged', forged)
    const model = await register([product, trained.map((own, k) => ({ ...own, log: truly[k]!.log }))])
    assert.notEqual(await builder.service.gate(model), null, 'every paper is there')
    await ended(model, 'refused')
    assert.ok((await builder.service.audit(model))!.segments.every(({ agreed }) => agreed.length === 0))
  })

  it('refuse an adapter that is not what its last state comes to', async () => {
    const [product, trained] = await train('switched', row => row)
    const [other] = await train('other', forged)
    await ended(await register([{ ...product, adapters: other.adapters }, trained]), 'refused')
  })

  it('refuse siblings that say they took no step', async () => {
    const [product, trained] = await train('stepless', row => row)
    const none: Trained = { log: { steps: 0, seconds: 1, tokens: 0, loss: [] }, states: [] }
    const said = trained.map((own, k) => (k === 0 || k === trained.length - 1 ? own : none))
    await ended(await register([product, said]), 'refused')
  })

  it('refuse trainings that stopped early, whatever their logs say of it', async () => {
    await ended(await register(await train('short', row => row, 2)), 'refused')
  })

  it('refuse what was committed to no states', async () => {
    const [product, trained] = await train('silent', row => row)
    const papers = trained.map(({ log }) => ({ log }))
    await ended(await register([product, papers]), 'refused')
  })

  it('cost whoever certified what running it again shows to be wrong', async () => {
    const liar = await network.addPeer('liar', {
      change(deps) {
        const { trainings, ...rest } = auditing(deps)
        if (trainings === undefined) return rest
        const agrees = async (...request: Parameters<typeof trainings.runSegment>) => {
          const { reason: _reason, ...run } = await trainings.runSegment(...request)
          return { ...run, agrees: true }
        }
        return { ...rest, trainings: { ...trainings, runSegment: agrees } }
      }
    })
    // Of four auditors three are drawn for each segment: somebody who says yes to all of two models is met.
    for (const name of ['first', 'second']) await register(await train(name, forged))
    // Three of four validators run the disputed segments themselves.
    const left = async (): Promise<bigint> => liar.chain.nodes.stakeOf(liar.address)
    await until(async () => (await left()) < minStake, 'the liar is slashed')
    assert.equal(((minStake - (await left())) * 10n) % minStake, 0n)
    assert.ok(!(await liar.chain.payouts.scorers(network.pool)).includes(liar.address), 'its seat is gone')
    for (const { address } of auditors) assert.equal(await liar.chain.nodes.stakeOf(address), minStake)
  })
})
