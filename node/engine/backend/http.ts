import { InvalidError, LimitError, TilthError, anySignal } from '../../../protocol/primitives/index.ts'

// Requests to a server that its owner has named. It is believed as little as any peer: what it sends has a bound in
// bytes and in time, and what it says of a failure is told to the owner in short, without the key.

/** Of a reply that is read as a whole. */
const mostReplyBytes = 4 << 20
/** Of one event of a stream: a token with the likeliest ones beside it takes some kilobytes. */
const mostEventBytes = 1 << 20
/** Of what a server says of its failure. */
const mostWords = 240
/** Objects within one another that its words may lie in; a hostile one sends more than a stack holds. */
const mostDepth = 4

export interface Way {
  readonly url: string
  readonly key: () => Promise<string | undefined>
}

export interface Call {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
}

/** @throws TilthError `backend-away`, `backend-key`, `backend-refused`, `backend-failed`, `worker.busy` */
async function begin(
  way: Way,
  { path, method = 'POST', body, signal }: Call
): Promise<{ readonly response: Response; readonly key: string | undefined }> {
  const key = await way.key()
  let response: Response
  try {
    response = await fetch(new URL(path, `${way.url}/`), {
      method,
      // A key goes nowhere else than to the address that it was given for.
      redirect: 'error',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal })
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw away(way, `could not be reached (${reasonOf(error)})`)
  }
  if (response.ok) return { response, key }
  const said = await wordsOf(response, key)
  throw refusal(way, response.status, said)
}

export const away = ({ url }: Pick<Way, 'url'>, what: string): TilthError =>
  new TilthError('backend-away', `the server at ${url} ${what}`, {
    consequence: 'retry',
    help: 'Start it, or mend worker.backends in the configuration; it is looked at again by itself.'
  })

export const silent = ({ url }: Pick<Way, 'url'>, ms: number): TilthError =>
  new TilthError('backend-silent', `the server at ${url} said nothing for ${Math.round(ms / 1000)} s`, {
    consequence: 'retry',
    help: 'It may be overloaded; worker.backends takes a longer silenceSeconds.'
  })

function refusal({ url }: Way, status: number, said: string): TilthError {
  const what = `the server at ${url} answered ${status}${said === '' ? '' : `: ${said}`}`
  const details = { status }
  // [ignore] It has enough to do: whoever asks goes elsewhere.
  if (status === 429 || status === 503) return new LimitError('worker.busy', what, { consequence: 'retry', details })
  if (status === 401 || status === 403)
    return new InvalidError('backend-key', what, {
      details,
      help: 'Give its key by keyFile, or by the environment; see `tilth backend list`.'
    })
  if (status >= 400 && status < 500) return new InvalidError('backend-refused', what, { details })
  return new TilthError('backend-failed', what, { consequence: 'retry', details })
}

/** What a server says of its failure, in one short line: each has a form of its own for it. */
async function wordsOf(response: Response, key: string | undefined): Promise<string> {
  let text = ''
  try {
    for await (const part of bounded(response, 64 << 10)) text += new TextDecoder().decode(part)
  } catch {
    return '' // the status says enough
  }
  let said = text
  try {
    said = wordsIn(JSON.parse(text) as unknown) ?? text
  } catch {
    // not JSON: a proxy's page, say
  }
  return redacted(said, key)
}

export function redacted(said: string, key: string | undefined): string {
  const line = said.replaceAll(/\s+/g, ' ').trim()
  return (key === undefined || key === '' ? line : line.replaceAll(key, '…')).slice(0, mostWords)
}

/** `{error: {message}}` as OpenAI has it, `{error}` of Ollama, `{message}` of older ones, `{detail}` of FastAPI. */
export function wordsIn(json: unknown, depth = 0): string | undefined {
  if (typeof json === 'string') return json
  if (typeof json !== 'object' || json === null || depth >= mostDepth) return undefined
  for (const name of ['error', 'message', 'detail'] as const) {
    const found = wordsIn((json as Record<string, unknown>)[name], depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

async function* bounded(response: Response, most: number): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  let bytes = 0
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += part.length
    if (bytes > most) throw tooMuch()
    yield part
  }
}

const tooMuch = (): InvalidError =>
  new InvalidError('backend-answer', 'the server sends more than any answer has', { consequence: 'retry' })

/**
 * A reply as JSON.
 * @throws as `begin` · InvalidError `backend-answer` · TilthError `backend-silent`
 */
export async function callJson(way: Way, call: Call): Promise<unknown> {
  const late = AbortSignal.timeout(call.timeoutMs)
  const signal = call.signal === undefined ? late : anySignal([call.signal, late])
  try {
    const { response } = await begin(way, { ...call, signal })
    const parts: Uint8Array[] = []
    for await (const part of bounded(response, mostReplyBytes)) parts.push(part)
    return parsed(Buffer.concat(parts).toString('utf8'))
  } catch (error) {
    throw told(way, error, call.signal, late, call.timeoutMs)
  }
}

/** The reply's text where it is no JSON: some calls answer with a sentence. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text.slice(0, 4096)
  }
}

/**
 * The events of a stream, as JSON: `data:` lines or one object a line. Each must come within the call's time.
 * @throws as callJson
 */
export async function* callEvents(way: Way, call: Call, mostBytes: number): AsyncGenerator {
  const control = new AbortController()
  let late = false
  // What counts is what can be read: bytes that are no event do not hold a connection open.
  const arm = (): NodeJS.Timeout =>
    setTimeout(() => {
      late = true
      control.abort()
    }, call.timeoutMs)
  let timer = arm()
  const signal = call.signal === undefined ? control.signal : anySignal([call.signal, control.signal])
  try {
    const { response, key } = await begin(way, { ...call, signal })
    const decoder = new TextDecoder()
    let rest = ''
    for await (const part of bounded(response, mostBytes)) {
      rest += decoder.decode(part, { stream: true })
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = eventIn(line)
        if (event === undefined) continue
        clearTimeout(timer)
        yield withoutKey(event, key)
        timer = arm()
      }
      if (rest.length > mostEventBytes) throw tooMuch()
    }
    const last = eventIn(rest)
    if (last !== undefined) yield withoutKey(last, key)
  } catch (error) {
    throw told(way, error, call.signal, { aborted: late }, call.timeoutMs)
  } finally {
    clearTimeout(timer)
    control.abort()
  }
}

/** @throws InvalidError `backend-answer` */
function eventIn(line: string): unknown {
  const text = line.trim()
  const data = text.startsWith('data:') ? text.slice(5).trim() : text.startsWith('{') ? text : ''
  if (data === '' || data === '[DONE]') return undefined
  try {
    return JSON.parse(data) as unknown
  } catch {
    // Without its cause, which would repeat a part of it: of what was sent to the server, perhaps.
    throw new InvalidError('backend-answer', 'the server sends what is no JSON', { consequence: 'retry' })
  }
}

/** Of an event that tells a failure its words alone: they may repeat what was sent to the server, but not its key. */
function withoutKey(event: unknown, key: string | undefined): unknown {
  if (typeof event !== 'object' || event === null || !('error' in event)) return event
  return { error: redacted(wordsIn(event) ?? '', key) }
}

/** Why a request ended, as its owner should read it. */
function told(
  way: Way,
  error: unknown,
  caller: AbortSignal | undefined,
  late: { readonly aborted: boolean },
  ms: number
): unknown {
  if (caller?.aborted === true) return caller.reason
  if (late.aborted) return silent(way, ms)
  if (error instanceof TilthError) return error
  return away(way, `broke off (${reasonOf(error)})`)
}

/** The system's name of what went wrong; a library's sentence may repeat what was sent. */
function reasonOf(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++)
    if ('code' in at && typeof at.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(at.code)) return at.code
  return 'the connection failed'
}
