import type { Clock, Log } from '../../node/runtime/index.ts'
import type { TraceSettings } from './settings.ts'

/** What took how long. Attributes are ids, numbers and names of ours: nothing of what was asked or said. */
export interface Span {
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client'
  /** Milliseconds since 1970. */
  readonly start: number
  readonly end: number
  readonly attributes: Readonly<Record<string, string | number>>
  /** The code of what went wrong. */
  readonly error?: string
}

export interface Exporter {
  add(span: Span): void
  /** Sends what waits. */
  flush(): Promise<void>
  stop(): Promise<void>
}

/** Spans that wait while nobody takes them; of more the newest go. */
const mostWaiting = 2_048
const mostAtOnce = 512
const everyMs = 5_000
/** What was not sent by then when the process ends is lost. */
const lastMs = 1_000

const kinds = { internal: 1, server: 2, client: 3 } as const
const nano = (ms: number): string => `${BigInt(Math.round(ms)) * 1_000_000n}`
const attributesOf = (values: Readonly<Record<string, string | number>>): object[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(Math.round(value)) }
  }))

/** Spans as OTLP has them in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
const payload = (spans: readonly Span[], resource: TraceSettings['resource'], version: string): object => ({
  resourceSpans: [
    {
      resource: { attributes: attributesOf(resource) },
      scopeSpans: [
        {
          scope: { name: 'tilth', version },
          spans: spans.map(({ traceId, spanId, parentSpanId, name, kind, start, end, attributes, error }) => ({
            traceId,
            spanId,
            ...(parentSpanId === undefined ? {} : { parentSpanId }),
            name,
            kind: kinds[kind],
            startTimeUnixNano: nano(start),
            endTimeUnixNano: nano(Math.max(start, end)),
            attributes: attributesOf(attributes),
            status: error === undefined ? { code: 0 } : { code: 2, message: error }
          }))
        }
      ]
    }
  ]
})

/** Sends spans now and then. A collector that is away, slow or wrong costs spans, and nothing else. */
export function createExporter(
  { url, headers, timeoutMs, resource }: TraceSettings,
  { clock, log, version }: { clock: Pick<Clock, 'every' | 'sleep'>; log: Pick<Log, 'warn'>; version: string }
): Exporter {
  let waiting: Span[] = []
  let told = false
  async function send(spans: readonly Span[]): Promise<void> {
    const reply = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(payload(spans, resource, version)),
      // Headers may hold a password: they go where the owner said, and nowhere else.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs)
    })
    await reply.body?.cancel()
    if (!reply.ok) throw new TypeError(`the collector answers ${reply.status}`)
    told = false
  }
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const spans = waiting.slice(0, mostAtOnce)
      waiting = waiting.slice(mostAtOnce)
      try {
        await send(spans)
      } catch (error) {
        // Once, until it goes again.
        if (!told) log.warn('traces could not be sent to their collector', { error })
        told = true
        return
      }
    }
  }
  const stop = clock.every(everyMs, flush)
  return {
    add(span) {
      if (waiting.length < mostWaiting) waiting.push(span)
    },
    flush,
    async stop() {
      stop()
      // A collector that hangs costs spans, and holds up nothing else.
      await Promise.race([flush(), clock.sleep(lastMs)])
    }
  }
}
