import { createHash, randomBytes } from 'node:crypto'
import type { Node } from '../../node/node.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { AskEvent } from '../api/contract/index.ts'
import type { Span } from './exporter.ts'

export interface AnswerTraces {
  /** The same events; when they end, the spans of the answer are told. */
  follow(model: string, events: AsyncGenerator<AskEvent>): AsyncGenerator<AskEvent>
  stop(): void
}

/** Answers whose way to the chain is still looked for. */
const mostPending = 1_024
const mostEpochs = 64

/**
 * Client, worker and whoever sees the chain find the same ids from the receipt's, so that one trace holds what each of
 * them tells, with no word more on the wire.
 */
const traceOf = (receipt: string): string => receipt.slice(2, 34)
const spanOf = (what: string, receipt: string): string =>
  createHash('sha256').update(`${what}:${receipt}`).digest('hex').slice(0, 16)
const anySpan = (): string => randomBytes(8).toString('hex')

interface Followed {
  readonly began: number
  readonly workers: { readonly worker: string; readonly at: number }[]
  readonly steps: { readonly name: string; readonly model: string; readonly at: number }[]
  firstAt?: number
  done?: Extract<AskEvent, { kind: 'done' }>
  error?: string
}

/** The spans of an answer as its client saw it. */
function clientSpans(model: string, { began, workers, steps, firstAt, done, error }: Followed, end: number): Span[] {
  const receipt = done?.receipts[0]
  const traceId = receipt === undefined ? randomBytes(16).toString('hex') : traceOf(receipt)
  const root = receipt === undefined ? anySpan() : spanOf('ask', receipt)
  const child = (name: string, start: number, until: number, attributes: Span['attributes'] = {}): Span => ({
    traceId,
    spanId: anySpan(),
    parentSpanId: root,
    name,
    kind: 'internal',
    start,
    end: until,
    attributes
  })
  const [first] = workers
  return [
    {
      traceId,
      spanId: root,
      name: 'ask',
      kind: 'client',
      start: began,
      end,
      attributes: {
        'tilth.model': model,
        ...(done === undefined
          ? {}
          : {
              'tilth.fee': done.fee,
              'tilth.finish': done.finish,
              'tilth.tokens.input': done.inputTokens,
              'tilth.tokens.output': done.outputTokens,
              'tilth.receipts': done.receipts.join(' ')
            })
      },
      ...(error === undefined ? {} : { error })
    },
    child('find a worker, open a channel', began, first?.at ?? end),
    ...workers.map(({ worker, at }, n) =>
      child('answer of a worker', at, workers[n + 1]?.at ?? end, { 'tilth.worker': worker })
    ),
    ...steps.map(({ name, model: of, at }, n) => {
      const own = done?.steps?.find(step => step.name === name)
      return child(`step ${name}`, at, steps[n + 1]?.at ?? end, {
        'tilth.model': of,
        ...(own === undefined ? {} : { 'tilth.fee': own.fee, 'tilth.receipts': own.receipts.join(' ') })
      })
    }),
    ...(first === undefined || firstAt === undefined ? [] : [child('wait for the first token', first.at, firstAt)])
  ]
}

/** Tells the spans of answers, from their client over their worker to the chain, as far as this node sees them. */
export function traceAnswers(
  { events, payouts }: Pick<Node, 'events' | 'payouts'>,
  add: (span: Span) => void,
  now: () => number = Date.now
): AnswerTraces {
  /** Receipts that are on no final epoch yet, with their channels; and transactions of epochs, by pool and number. */
  const pending = new Map<Hex, Hex>()
  const anchored = new Map<string, { transaction: Hex; at: number }>()
  const point = (receipt: Hex, name: string, at: number, attributes: Span['attributes']): void => {
    const [traceId, parentSpanId] = [traceOf(receipt), spanOf('ask', receipt)]
    add({
      traceId,
      spanId: spanOf(name, receipt),
      parentSpanId,
      name,
      kind: 'internal',
      start: at,
      end: at,
      attributes
    })
  }
  const bound = <K>(map: Map<K, unknown>, most: number): void => {
    for (const key of map.keys()) {
      if (map.size <= most) return
      map.delete(key)
    }
  }
  const offs = [
    events.on('models.receipt', ({ id, role, receipt: { receipt } }) => {
      const { message } = receipt
      pending.set(id, message.channel)
      bound(pending, mostPending)
      if (role !== 'worker') return
      add({
        traceId: traceOf(id),
        spanId: spanOf('serve', id),
        parentSpanId: spanOf('ask', id),
        name: 'serve',
        kind: 'server',
        start: Number(message.startedAt) * 1000,
        end: Number(message.finishedAt) * 1000,
        attributes: {
          'tilth.channel': message.channel,
          'tilth.fee': message.fee.toString(),
          'tilth.tokens.input': message.inputTokens,
          'tilth.tokens.output': message.outputTokens
        }
      })
    }),
    events.on('models.redeemed', ({ channel, transaction }) => {
      for (const [receipt, of] of pending)
        if (of === channel) point(receipt, 'channel claimed', now(), { 'tilth.transaction': transaction })
    }),
    events.on('payouts.anchored', ({ pool, epoch, transaction }) => {
      anchored.set(`${pool}/${epoch}`, { transaction, at: now() })
      bound(anchored, mostEpochs)
    }),
    events.on('payouts.finalized', async ({ pool, epoch }) => {
      const step = anchored.get(`${pool}/${epoch}`)
      for (const receipt of pending.keys()) {
        const found = await payouts.receipt(receipt)
        if (found?.pool !== pool || found.epoch !== epoch) continue
        pending.delete(receipt)
        const attributes = { 'tilth.pool': pool, 'tilth.epoch': epoch }
        if (step !== undefined)
          point(receipt, 'receipt anchored', step.at, { ...attributes, 'tilth.transaction': step.transaction })
        point(receipt, 'epoch final', now(), attributes)
      }
    })
  ]
  return {
    async *follow(model, source) {
      const seen: Followed = { began: now(), workers: [], steps: [] }
      try {
        for await (const event of source) {
          if (event.kind === 'worker') seen.workers.push({ worker: event.worker, at: now() })
          else if (event.kind === 'step') seen.steps.push({ name: event.name, model: event.model, at: now() })
          else if (event.kind === 'text') seen.firstAt ??= now()
          else if (event.kind === 'done') seen.done = event
          yield event
        }
      } catch (error) {
        seen.error = error instanceof TilthError ? error.code : 'internal'
        throw error
      } finally {
        for (const span of clientSpans(model, seen, now())) add(span)
      }
    },
    stop() {
      for (const off of offs) off()
    }
  }
}
