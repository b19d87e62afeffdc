import { basename, dirname, resolve } from 'node:path'
import { InvalidError, LimitError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Clock, Log } from '../../runtime/types.ts'
import type { Engine, GenerateJob, Generation } from '../types.ts'
import { away } from './http.ts'
import { answerOf } from './answer.ts'
import type { Asked } from './answer.ts'
import { checkServer } from './check.ts'
import { handedOver } from './handed.ts'
import { dialectOf } from './dialects/index.ts'
import type { Dialect } from './dialects/index.ts'
import type { Agreement, Answerer, BackendModel, BackendOptions, BackendState, BackendStatus } from './types.ts'

/** A server's first answers, and an adapter's, wait for what it has to load. */
const warmMs = 120_000
/** Models of one server: adapters, and the base. Of more, the node would have to check more than it serves. */
const mostOpen = 256

export interface BackendDeps {
  readonly own: Pick<Engine, 'text' | 'inspect' | 'generate' | 'score' | 'unload'>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

interface Open {
  readonly model: BackendModel
  asked: Asked
  readonly checked: { readonly at: number; readonly agreement: Agreement }
}

export interface Backend {
  readonly options: BackendOptions
  open(model: BackendModel, signal?: AbortSignal): Promise<Answerer>
  /** Asks it whether it is there, and where it was away whether it says the same as before. */
  look(signal?: AbortSignal): Promise<void>
  /** Checks all that it serves again. */
  check(signal?: AbortSignal): Promise<void>
  status(): BackendStatus
}

/** One server, as it is known here. */
export function createBackend(options: BackendOptions, { own, clock, log }: BackendDeps): Backend {
  const { name, url, base, concurrency } = options
  const open = new Map<string, Open>()
  /** How many models are answered for by each of them: one may be registered twice. */
  const users = new Map<string, number>()
  let state: BackendState = 'new'
  let error: TilthError | undefined
  let server: { readonly dialect: Dialect; readonly model: string; readonly context: number | undefined } | undefined
  const counted = { running: 0, answers: 0, tokens: 0, failures: 0 }
  const way = { url, key: options.key }

  /** What a failure says of the server: it is away until it is seen again, or it is not what it should be. */
  function note(cause: unknown): void {
    if (!(cause instanceof TilthError)) return
    if (cause.code === 'worker.busy' || cause.consequence === 'ignore') return
    if (!cause.code.startsWith('backend-')) return
    counted.failures++
    error = cause
    state = cause.consequence === 'retry' ? 'away' : 'refused'
    log.warn('a server does not answer as it should', { backend: name, code: cause.code, error: cause })
  }

  /** One answer's failure: what was wrong with the question alone says nothing of the server. */
  function noteAnswer(cause: unknown): void {
    const lost = cause instanceof TilthError && cause.details['status'] === 404 // started again, without what it had
    if (cause instanceof TilthError && cause.code === 'backend-refused' && !lost) {
      counted.failures++
      log.warn('a server refused a question', { backend: name, error: cause })
    } else note(lost ? away(way, 'does not know the model any more') : cause)
  }

  async function meet(signal?: AbortSignal): Promise<NonNullable<typeof server>> {
    const dialect = await dialectOf(way, options.kind, signal)
    await dialect.health(way, signal)
    const { models, context } = await dialect.facts(way, signal)
    const model = options.model ?? models[0]
    if (model === undefined || (options.model !== undefined && !models.includes(options.model)))
      throw new InvalidError('backend-model', `the server has no model ${options.model ?? 'at all'}`, {
        help: `It has: ${models.slice(0, 8).join(', ').slice(0, 400) || 'none'}.`
      })
    return { dialect, model, context }
  }

  async function askedFor(model: BackendModel, signal?: AbortSignal): Promise<Asked> {
    server ??= await meet(signal)
    const { dialect, model: called, context } = server
    const { folder } = model.base
    const { vocabulary, context: most } = await own.inspect(folder)
    const { adapter } = model
    const given = (own: string) => (dialect.can.adapters === 'loaded' ? handedOver(own) : own)
    const whole = adapter === undefined ? undefined : options.names[adapter.cid]
    const named =
      adapter === undefined
        ? { model: called }
        : whole === undefined
          ? await dialect.adapter(way, { cid: adapter.cid, folder: seen(await given(adapter.folder)) }, called, signal)
          : { model: whole }
    return {
      way,
      dialect,
      named,
      text: own.text,
      folder,
      vocabulary,
      context: Math.min(most, context ?? most),
      endIds: new Set(await own.text.endIds(folder)),
      silenceMs: options.silenceMs
    }
  }

  /** A folder of this node's as the server sees it: by its CID and what lies in it, where it sees another place. */
  const seen = (folder: string): string =>
    options.folder === undefined
      ? resolve(folder)
      : `${options.folder.replace(/\/+$/, '')}/${basename(dirname(folder))}/${basename(folder)}`

  async function warm(model: BackendModel, signal?: AbortSignal): Promise<Open> {
    const asked = await askedFor(model, signal)
    const patient = { ...asked, silenceMs: Math.max(warmMs, asked.silenceMs) }
    const agreement = await checkServer(patient, own, {
      adapter: model.adapter?.folder,
      tolerance: options.tolerance,
      signal
    })
    return { model, asked, checked: { at: clock.now(), agreement } }
  }

  function generate(entry: Open, job: GenerateJob): Generation {
    // What an answer has to be is led token by token, which no server does in the same way: the node itself answers,
    // where it can hold the model.
    if (job.settings.form !== undefined && entry.checked.agreement.answers !== undefined) return own.generate(job)
    // [ignore] It was asked for more at once than its owner lends.
    if (counted.running >= concurrency)
      throw new LimitError('worker.busy', `the server ${name} gives ${concurrency} answers at once`, {
        consequence: 'retry'
      })
    counted.running++
    const generation = answerOf(entry.asked, job)
    generation.result
      .then(
        ({ ids }) => {
          counted.answers++
          counted.tokens += ids.length - (job.resumeIds?.length ?? 0)
        },
        (cause: unknown) => noteAnswer(cause)
      )
      .finally(() => {
        counted.running--
      })
    return generation
  }

  const keyOf = ({ adapter }: BackendModel): string => adapter?.cid ?? ''

  /** One at a time: each loads the base into the node's own engine. */
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const mine = turn.then(task, task)
    turn = mine.catch(() => undefined)
    return mine
  }

  /** Has a server forget an adapter that it loaded for this node; what it still answers by it is not broken off. */
  async function forget({ adapter }: BackendModel): Promise<void> {
    const dialect = server?.dialect
    if (adapter === undefined || options.names[adapter.cid] !== undefined || dialect?.forget === undefined) return
    if (open.has(adapter.cid)) return // opened again meanwhile
    try {
      await dialect.forget(way, adapter.cid)
    } catch (error) {
      log.debug('a server keeps an adapter that is not asked for any more', { backend: name, error })
    }
  }

  async function checkAll(signal?: AbortSignal): Promise<void> {
    state = 'checking'
    server = undefined
    try {
      server = await meet(signal)
      for (const [key, { model }] of open) {
        const warmed = await warm(model, signal)
        if (open.has(key)) open.set(key, warmed) // else it was closed meanwhile
      }
      state = 'ready'
      error = undefined
    } catch (cause) {
      note(cause)
      if (state === 'checking') state = 'away'
      throw cause
    }
  }

  return {
    options,
    open: (model, signal) =>
      inTurn(async () => {
        const key = keyOf(model)
        if (!open.has(key) && open.size >= mostOpen)
          throw new LimitError('backend-model', `the server ${name} serves ${mostOpen} models already`)
        if (state === 'new') state = 'checking'
        try {
          open.set(key, await warm(model, signal))
          state = 'ready'
          error = undefined
        } catch (cause) {
          // What is wrong with one adapter is not wrong with the others.
          if (open.size === 0 || !(cause instanceof TilthError) || cause.code !== 'backend-adapter') note(cause)
          if (state === 'checking') state = 'away'
          if (signal?.aborted !== true) await forget(model)
          throw cause
        }
        users.set(key, (users.get(key) ?? 0) + 1)
        let over = false
        return {
          name,
          weights: options.weights,
          close() {
            if (over) return
            over = true
            const left = (users.get(key) ?? 1) - 1
            if (left > 0) users.set(key, left)
            else {
              users.delete(key)
              open.delete(key)
              void inTurn(() => forget(model)) // after a check that may load it once more
            }
          },
          away: () => (state === 'ready' ? undefined : (error ?? new NotFoundError('backend-away', `${name} is away`))),
          generate(job) {
            const entry = open.get(key)
            if (entry === undefined) throw new NotFoundError('backend-model', `${name} does not serve this any more`)
            return generate(entry, job)
          }
        }
      }),
    look: signal =>
      inTurn(async () => {
        if (state === 'away') return checkAll(signal)
        if (state !== 'ready' || server === undefined) return undefined
        await server.dialect.health(way, signal).catch((cause: unknown) => {
          note(cause)
          throw cause
        })
      }),
    check: signal => inTurn(() => checkAll(signal)),
    status: () => ({
      name,
      url,
      base,
      kind: server?.dialect.kind,
      state,
      ...(error === undefined || state === 'ready'
        ? {}
        : {
            error: {
              code: error.code,
              message: error.message,
              ...(error.help === undefined ? {} : { help: error.help })
            }
          }),
      can: server?.dialect.can,
      model: server?.model,
      context: server?.context,
      concurrency,
      ...counted,
      checked: [...open].map(([adapter, { checked }]) => ({ adapter, ...checked }))
    })
  }
}
