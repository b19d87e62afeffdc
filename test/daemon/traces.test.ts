import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AskEvent } from '../../daemon/api/contract/index.ts'
import { traceAnswers } from '../../daemon/traces/answers.ts'
import { createExporter } from '../../daemon/traces/exporter.ts'
import type { Span } from '../../daemon/traces/exporter.ts'
import { tracesFrom } from '../../daemon/traces/settings.ts'
import type { Node, NodeEvents } from '../../node/node.ts'
import { createEvents, silentLog } from '../../node/runtime/index.ts'
import { InvalidError, foreignCode } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { captureLog, until } from '../harness/index.ts'

const receipt = `0x${'ab'.repeat(32)}` as const
const channel = `0x${'cd'.repeat(32)}` as const
const pool = `0x${'ef'.repeat(32)}` as const
const worker = `0x${'01'.repeat(20)}` as const
const transaction = `0x${'77'.repeat(32)}` as const
const secret = 'what nobody but the worker should read'

async function* answer(fails = false): AsyncGenerator<AskEvent> {
  yield { kind: 'worker', worker }
  yield { kind: 'text', text: secret }
  if (fails) throw new InvalidError(foreignCode('ask.away'), secret)
  yield { kind: 'done', text: secret, finish: 'stop', inputTokens: 3, outputTokens: 5, fee: '70', receipts: [receipt] }
}
/** Of one node: its bus, and what it knows of the receipt. */
function watched() {
  const events = createEvents<NodeEvents>(silentLog)
  const spans: Span[] = []
  let time = 1_000
  const payouts = { receipt: async (id: Hex) => (id === receipt ? { pool, epoch: 4 } : undefined) }
  const node = { events, payouts } as unknown as Pick<Node, 'events' | 'payouts'>
  return {
    events,
    spans,
    traces: traceAnswers(
      node,
      span => spans.push(span),
      () => (time += 10)
    )
  }
}
const signed = (role: 'client' | 'worker') =>
  ({
    id: receipt,
    role,
    receipt: {
      receipt: { message: { channel, fee: 70n, inputTokens: 3, outputTokens: 5, startedAt: 1n, finishedAt: 2n } }
    }
  }) as unknown as NodeEvents['models.receipt']

describe('traces of answers', () => {
  it('hold what client, worker and chain saw of one answer, and no word of it', async () => {
    const [asking, serving] = [watched(), watched()]
    let words = 0
    for await (const event of asking.traces.follow('elements', answer())) if (event.kind === 'text') words++
    assert.equal(words, 1)
    asking.events.emit('models.receipt', signed('client'))
    serving.events.emit('models.receipt', signed('worker'))
    serving.events.emit('models.redeemed', { channel, paid: 70n, transaction })
    for (const { events } of [asking, serving]) {
      events.emit('payouts.anchored', { pool, epoch: 4, settler: worker, receipts: 1, transaction })
      events.emit('payouts.finalized', { pool, epoch: 4, payoutsTotal: 1n })
    }
    await until(
      () => [asking, serving].every(({ spans }) => spans.some(({ name }) => name === 'epoch final')),
      'the chain'
    )
    const spans = [...asking.spans, ...serving.spans]
    assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set(['ab'.repeat(16)]))
    const root = spans.find(({ name }) => name === 'ask')
    for (const span of spans) {
      assert.match(span.spanId, /^[0-9a-f]{16}$/)
      if (span !== root) assert.equal(span.parentSpanId, root?.spanId)
      assert.ok(span.end >= span.start)
    }
    const names = new Set(spans.map(({ name }) => name))
    for (const name of [
      'answer of a worker',
      'wait for the first token',
      'serve',
      'channel claimed',
      'receipt anchored'
    ])
      assert.ok(names.has(name), name)
    assert.equal(spans.find(({ name }) => name === 'receipt anchored')?.attributes['tilth.transaction'], transaction)
    assert.ok(!JSON.stringify(spans).includes(secret))
    // Final once: what was told is not told again.
    const told = asking.spans.length
    asking.events.emit('payouts.finalized', { pool, epoch: 4, payoutsTotal: 1n })
    asking.traces.stop()
    asking.events.emit('models.receipt', signed('worker'))
    assert.equal(asking.spans.length, told)
  })

  it('tell of a failed answer by its code', async () => {
    const { spans, traces } = watched()
    await assert.rejects(async () => {
      for await (const _ of traces.follow('elements', answer(true))) void _
    })
    assert.equal(spans.find(({ name }) => name === 'ask')?.error, 'ask.away')
    assert.ok(!JSON.stringify(spans).includes(secret))
  })

  it('are off unless the standard variable names a collector', () => {
    for (const env of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'no address' }])
      assert.equal(tracesFrom(env), undefined)
    const on = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/', OTEL_EXPORTER_OTLP_HEADERS: 'a=b%20c,broken' }
    assert.equal(tracesFrom({ ...on, OTEL_SDK_DISABLED: 'true' }), undefined)
    const found = tracesFrom({ ...on, OTEL_SERVICE_NAME: 'node-1' })
    assert.deepEqual(
      [found?.url, found?.headers, found?.resource['service.name']],
      ['http://127.0.0.1:4318/v1/traces', { a: 'b c' }, 'node-1']
    )
    const own = tracesFrom({ ...on, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/x' })
    assert.equal(own?.url, 'http://127.0.0.1:1/x')
  })

  it('go to the collector as OTLP in JSON; one that is away costs spans and one line of the log', async () => {
    const bodies: string[] = []
    let status = 200
    const collector = createServer((request, reply) => {
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        bodies.push(text)
        reply.writeHead(status).end('{}')
      })
    })
    await new Promise<void>(resolve => {
      collector.listen(0, '127.0.0.1', resolve)
    })
    const { port } = collector.address() as AddressInfo
    const { log, lines } = captureLog()
    const settings = tracesFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })
    assert.ok(settings)
    const clock = { every: () => () => undefined, sleep: async () => undefined }
    const exporter = createExporter(settings, { clock, log, version: '1' })
    try {
      const { spans, traces } = watched()
      for await (const _ of traces.follow('elements', answer())) void _
      for (const span of spans) exporter.add(span)
      await exporter.flush()
      const { resourceSpans } = JSON.parse(bodies[0] ?? '') as {
        resourceSpans: { scopeSpans: { spans: { startTimeUnixNano: string; kind: number }[] }[] }[]
      }
      const sent = resourceSpans[0]?.scopeSpans[0]?.spans ?? []
      assert.equal(sent.length, spans.length)
      assert.match(sent[0]?.startTimeUnixNano ?? '', /^[0-9]+000000$/)
      assert.equal(sent[0]?.kind, 3)
      status = 500
      for (let round = 0; round < 3; round++) {
        for (const span of spans) exporter.add(span)
        await exporter.flush()
      }
      assert.equal(lines.length, 1)
      for (let n = 0; n < 10_000; n++) exporter.add(spans[0]!)
      await exporter.stop()
    } finally {
      collector.closeAllConnections()
      await new Promise(resolve => collector.close(resolve))
    }
  })
})
