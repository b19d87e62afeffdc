import { createContexts } from '../../../node/jobs/index.ts'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Anvil } from '../../../node/chain/index.ts'
import { createModelsService } from '../../../node/models/index.ts'
import type {
  AskEvent,
  AskRequest,
  AskResult,
  ModelEvents,
  ModelsDeps,
  ModelsService
} from '../../../node/models/index.ts'
import type { MessageStream, Streams } from '../../../node/transport/index.ts'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { fakeEngine, fakeSpeech } from '../../harness/engine/serving.ts'
import { peersOf, startWorld, until } from '../../harness/index.ts'
import type { Make, Peer, World } from '../../harness/index.ts'

export { coin } from '../../harness/index.ts'

// A network for this phase: real libp2p, real stores, a real chain; the engine is the test's.

export interface PeerOptions {
  engine?: ModelsDeps['engine']
  roles?: ModelsDeps['roles']
  policy?: ModelsDeps['policy']
  timing?: ModelsDeps['timing']
  speech?: ModelsDeps['speech']
  metrics?: ModelsDeps['metrics']
  /** What stands between the service and the parts it uses. */
  change?: (deps: ModelsDeps) => ModelsDeps
}
export type TestPeer = Peer<ModelsService, ModelEvents, PeerOptions>

export interface TestNetwork {
  readonly world: World
  readonly anvil: Anvil
  readonly builder: TestPeer
  readonly model: Hex
  addPeer(name: string, options?: PeerOptions): Promise<TestPeer>
  kill(peer: TestPeer): Promise<void>
  revive(peer: TestPeer, options?: PeerOptions): Promise<void>
  forget(peer: TestPeer): Promise<void>
  /** Serves the model and waits until the client has heard of it. */
  serve(worker: TestPeer, client: TestPeer, prices?: { inputPrice?: bigint; outputPrice?: bigint }): Promise<void>
  registerBase(folder: string, name: string): Promise<Hex>
  stop(): Promise<void>
}

const quick: ModelsDeps['timing'] = {
  renewMs: 1_000,
  voucherMs: 8_000,
  acceptMs: 20_000,
  silenceMs: 10_000,
  receiptMs: 20_000,
  busyMs: 3_000,
  findMs: 3_000,
  redeemMs: 500,
  marginSeconds: 60
}

const makeService: Make<ModelsService, ModelEvents, PeerOptions> = (common, _peer, options) => {
  const deps: ModelsDeps = {
    ...common,
    roles: options.roles ?? { worker: true, client: true },
    engine: options.engine ?? fakeEngine(),
    timing: { ...quick, ...options.timing },
    speech: options.speech ?? fakeSpeech,
    versions: {
      leastDataShare: async () => 1000,
      requireQuotable: async () => undefined,
      context: createContexts(async () => [])
    },
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    ...(options.policy === undefined ? {} : { policy: options.policy })
  }
  return createModelsService(options.change?.(deps) ?? deps)
}

/** @param listen where peers do, if not by TCP alone */
export async function startNetwork(listen?: readonly string[]): Promise<TestNetwork> {
  const world = await startWorld('models', { disputeSeconds: 60 })
  const peers = peersOf(world, makeService, [], listen)
  const builder = await peers.add('builder', { roles: { worker: false, client: false } })
  const folder = join(world.root, 'model')
  await mkdir(folder)
  await writeFile(join(folder, 'config.json'), '{}')
  const registerBase = async (path: string, name: string): Promise<Hex> =>
    (await builder.service.registerBase({ name, base: await builder.node.files.addDirectory(path) })).id
  const model = await registerBase(folder, 'tiny')

  return {
    world,
    anvil: world.anvil,
    builder,
    model,
    registerBase,
    addPeer: (name, options = {}) => peers.add(name, options),
    kill: peer => peers.kill(peer),
    revive: (peer, options) => peers.revive(peer, options),
    forget: peer => peers.forget(peer),
    async serve(worker, client, prices = {}) {
      await until(
        () => worker.service.model(model) !== undefined && client.service.model(model) !== undefined,
        'the model is known'
      )
      await worker.service.offer({ model, ...prices })
      await until(
        () => client.service.offers(model).some(offer => offer.worker === worker.address),
        'the offer is known'
      )
    },
    stop: () => world.stop()
  }
}

export const question = (text: string, more: Partial<AskRequest> = {}): AskRequest => ({
  model: 'tiny',
  messages: [{ role: 'user', content: text }],
  maxTokens: 24,
  seed: 7,
  ...more
})

/** Asks to the end. @returns the result and all that came before it */
export async function ask(
  peer: TestPeer,
  request: AskRequest,
  onEvent: (event: AskEvent) => void = () => undefined
): Promise<AskResult & { workers: { worker: Address; reason?: string }[]; streamed: string }> {
  const workers: { worker: Address; reason?: string }[] = []
  let streamed = ''
  for await (const event of peer.service.ask(request)) {
    onEvent(event)
    if (event.kind === 'text') streamed += event.text
    else if (event.kind === 'worker')
      workers.push({ worker: event.worker, ...(event.reason === undefined ? {} : { reason: event.reason }) })
    else if (event.kind === 'done') return { ...event, workers, streamed }
  }
  throw new Error('the answer did not end')
}

type Frame = Record<string, unknown> & { kind: string }

/** Streams whose sender says something else than the service meant: the frame as JSON, or null to swallow it. */
export function tamper(
  streams: Streams,
  change: (frame: Frame, stream: MessageStream, count: number) => Frame | null | Promise<Frame | null>
): Streams {
  const wrap = (stream: MessageStream): MessageStream => {
    let count = 0
    return {
      ...stream,
      async send(value) {
        const changed = await change(JSON.parse(canonicalJson(value)) as Frame, stream, count++)
        if (changed !== null) await stream.send(changed)
      }
    }
  }
  return {
    handle: (protocol, serve) => streams.handle(protocol, stream => serve(wrap(stream))),
    open: async (peer, protocol, options) => wrap(await streams.open(peer, protocol, options))
  }
}
