import { parentPort, workerData } from 'node:worker_threads'
import { modelNeeds } from '../commands/inspect.ts'
import { Library } from './library.ts'
import { createOutbox } from './outbox.ts'
import { collectWhenIdle } from '../../runtime/collect.ts'
import {
  toPlain,
  type CallName,
  type Calls,
  type Crossing,
  type FromWorker,
  type ToWorker,
  type TrainTokens,
  type WorkerOptions
} from './messages.ts'
import { unpack } from './packed.ts'
import { generate, heldOutLoss, scoreMany } from './serving.ts'
import { runPart } from './part.ts'
import { tune, tuneSiblings } from './tuning.ts'

/** The thread in which sessions run. It answers calls as they come; a running call is cancelled by its id. */

/** Weights that were read, packed and copied leave as much garbage as they hold. */
const collectMs = 10_000

interface Context<K extends CallName> {
  readonly library: Library
  readonly signal: AbortSignal
  readonly emit: (event: Calls[K]['event']) => void
}

type Handler<K extends CallName> = (
  argument: Calls[K]['argument'],
  context: Context<K>
) => Calls[K]['result'] | Promise<Calls[K]['result']>

const handlers = {
  open: (folder, { library }) => library.open(folder).info,
  inspect: folder => modelNeeds(folder),
  tune: (job, { library, signal, emit }) => tune(library, { ...jobOf(job), signal, onProgress: emit }),
  tuneSiblings: (job, { library, signal, emit }) => tuneSiblings(library, { ...jobOf(job), signal, onProgress: emit }),
  runPart: (job, { library, signal, emit }) => runPart(library, { ...jobOf(job), signal, onProgress: emit }),
  generate: (job, { library, signal, emit }) => generate(library, { ...job, signal }, emit),
  scoreMany: (job, { library }) => scoreMany(library, { ...job, answers: unpack(job.answers) }),
  heldOutLoss: (job, { library }) => heldOutLoss(library, { ...job, rows: unpack(job.rows) }),
  decode: ({ model, ids }, { library }) => library.open(model).tokenizer.decode(ids),
  unload: (folder, { library }) => library.unload(folder),
  status: (_argument, { library }) => library.status
} satisfies { [K in CallName]: Handler<K> }

/** A job with its rows as lists again. */
const jobOf = <T extends TrainTokens>({ rows, held, ...rest }: Crossing<T>) => ({
  ...rest,
  rows: unpack(rows),
  held: held && unpack(held)
})

/** The way back to the main thread. */
export interface Port {
  post(messages: readonly FromWorker[]): void
  listen(take: (message: ToWorker) => void): void
  close(): void
}

export function serve(port: Port, options: WorkerOptions): void {
  const library = new Library(options)
  const running = new Map<number, AbortController>()
  collectWhenIdle(collectMs)
  const outbox = createOutbox(messages => port.post(messages))

  const answer = async (call: Extract<ToWorker, { kind: 'call' }>): Promise<void> => {
    const controller = new AbortController()
    running.set(call.id, controller)
    try {
      const handler = handlers[call.name] as unknown as Handler<CallName>
      const emit = (event: unknown): void => outbox.later(call.id, event)
      const result = await handler(call.argument, { library, signal: controller.signal, emit } as Context<CallName>)
      outbox.now({ kind: 'result', id: call.id, result })
    } catch (error) {
      outbox.now({ kind: 'error', id: call.id, error: toPlain(error) })
    } finally {
      running.delete(call.id)
    }
  }

  port.listen(message => {
    switch (message.kind) {
      case 'call':
        void answer(message)
        break
      case 'cancel':
        running.get(message.id)?.abort()
        break
      case 'close':
        for (const controller of running.values()) controller.abort()
        void library.release().finally(() => port.close())
        break
    }
  })
}

const thread = parentPort
if (thread !== null) {
  serve(
    {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      post: messages => thread.postMessage(messages),
      listen: take => {
        thread.on('message', take)
      },
      close: () => thread.close()
    },
    workerData as WorkerOptions
  )
}
