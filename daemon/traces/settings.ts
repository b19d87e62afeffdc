/** Where traces go, by the standard's own variables (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). */
export interface TraceSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** What says whose spans these are. */
  readonly resource: Readonly<Record<string, string>>
}

/** `name=value,name=value`, values escaped as in addresses; what is not so is passed over, as the standard says. */
function pairs(text: string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  for (const part of (text ?? '').split(',')) {
    const at = part.indexOf('=')
    if (at <= 0) continue
    try {
      found[part.slice(0, at).trim()] = decodeURIComponent(part.slice(at + 1).trim())
    } catch (error) {
      if (!(error instanceof URIError)) throw error // a value that is not escaped well
    }
  }
  return found
}

/** Traces are off unless an address is named, by OTEL_EXPORTER_OTLP_ENDPOINT or that for traces alone. */
export function tracesFrom(env: NodeJS.ProcessEnv): TraceSettings | undefined {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? ''
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? ''
  const url = own !== '' ? own : base === '' ? '' : `${base.replace(/\/+$/, '')}/v1/traces`
  const isOff = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  if (isOff || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return undefined
  const timeout = Number(env['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'] ?? env['OTEL_EXPORTER_OTLP_TIMEOUT'] ?? '')
  return {
    url,
    headers: {
      ...pairs(env['OTEL_EXPORTER_OTLP_HEADERS']),
      ...pairs(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'])
    },
    timeoutMs: Number.isInteger(timeout) && timeout > 0 ? Math.min(timeout, 60_000) : 10_000,
    resource: {
      'service.name': 'tilth',
      ...pairs(env['OTEL_RESOURCE_ATTRIBUTES']),
      ...(env['OTEL_SERVICE_NAME'] ? { 'service.name': env['OTEL_SERVICE_NAME'] } : {})
    }
  }
}
