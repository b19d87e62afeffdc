import assert from 'node:assert/strict'
import type { MessageStream } from '../../../node/transport/types.ts'
import type { JobsDeps } from '../../../node/jobs/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { request, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const cheap = { pricePerSecond: 1n }
const perFrame = 4096

/** Rows and epochs of the test's job make so many steps of four rows. */
const steps = 6

describe('an awarded worker', function () {
  this.timeout(240_000)
  let network: TestNetwork
  before(async () => {
    network = await startNetwork({ engine: fakeEngine(), timing: { silenceMs: 3_000 } })
  })
  after(() => network.stop())

  /** A worker whose stream says `frame` over and over as soon as it is attached, until it is cut off. */
  async function flooder(name: string, frame: () => object): Promise<{ peer: TestPeer; sent: number; cut: string[] }> {
    const seen = { sent: 0, cut: [] as string[] }
    const flood = async (stream: MessageStream): Promise<void> => {
      try {
        for (let i = 0; i < 100_000; i++) {
          await stream.send(frame())
          seen.sent++
        }
      } catch (error) {
        seen.cut.push((error as { code: string }).code)
      }
    }
    const change = (deps: JobsDeps): JobsDeps => ({
      ...deps,
      streams: {
        ...deps.streams,
        async open(peer, protocol, options) {
          const stream = await deps.streams.open(peer, protocol, options)
          let attached = false
          return new Proxy(stream, {
            get(target, property) {
              if (property !== 'send') {
                const value: unknown = Reflect.get(target, property)
                return typeof value === 'function' ? (value.bind(target) as unknown) : value
              }
              return async (value: unknown): Promise<void> => {
                await target.send(value)
                if (attached) return
                attached = true
                await flood(target)
              }
            }
          })
        }
      }
    })
    const peer = await network.addPeer(name, { engine: fakeEngine({ stepMs: 200 }), policy: cheap, change })
    return Object.assign(seen, { peer })
  }

  for (const [what, frame, most] of [
    [
      'millions of losses of steps that its job has not',
      () => ({
        kind: 'progress',
        step: 9_000_000,
        steps: 9_000_000,
        tokensPerSecond: 1,
        secondsLeft: 1,
        losses: Array.from({ length: perFrame }, () => 1)
      }),
      0
    ],
    [
      'the losses of its steps over and over',
      () => ({
        kind: 'progress',
        step: steps,
        steps,
        tokensPerSecond: 1,
        secondsLeft: 1,
        losses: Array.from({ length: steps }, () => 1)
      }),
      steps
    ]
  ] as const) {
    it(`that pushes ${what} is cut off, and its job comes to its end`, async () => {
      const evil = await flooder(`evil-${most}`, frame)
      const honest = await network.addPeer(`honest-${most}`, { engine: fakeEngine() })
      const { id } = await network.builder.service.post(request(network))
      await until(() => evil.cut.length > 0, 'the stream is cut off', 100_000)
      for (const { loss } of network.builder.service.job(id)!.awards) assert.ok(loss.length <= steps)
      const { result } = await network.builder.service.completed(id)
      assert.ok(result.adapters.length > 0)
      await network.kill(evil.peer)
      await network.kill(honest)
    })
  }
})
