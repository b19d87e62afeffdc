import { isDora, stackAdapters, targetModules, withLora, type Adapter, type ModuleShape } from '../adapters/index.ts'
import { fitGraph, type LoadedModel } from '../architecture/load.ts'
import type { Graph } from '../graph/graph.ts'
import { Session, type Feeds, type RuntimeOptions } from '../graph/session.ts'

/** Compiled graphs that stay; adapters of unusual form come from anyone, so there must be an end. */
const sessionsKept = 6

/** A compiled graph for some adapters, and their stacked weights. */
export interface Adapted {
  readonly session: Session
  readonly feeds: Feeds
}

/**
 * Sessions of one graph for whatever adapters a batch has: one per set of projections and rank (rounded up to a power
 * of
 * two), and the stack of the last batch, which is mostly that of the next.
 */
export class AdaptedSessions {
  readonly #model: LoadedModel
  readonly #options: RuntimeOptions
  readonly #bound: Feeds
  readonly #build: () => Graph
  readonly #sessions = new Map<string, Promise<Session>>()
  #last: { readonly key: readonly (Adapter | null)[]; readonly adapted: Adapted } | undefined

  /** `build` makes the graph without adapters; `bound` are weights that sessions hold as constants. */
  constructor(model: LoadedModel, options: RuntimeOptions, build: () => Graph, bound: Feeds = {}) {
    this.#model = model
    this.#options = options
    this.#build = build
    this.#bound = bound
  }

  async for(adapters: readonly (Adapter | null)[]): Promise<Adapted> {
    const last = this.#last
    if (last !== undefined && last.key.length === adapters.length && last.key.every((a, i) => a === adapters[i]))
      return last.adapted
    const targets = [...new Set(adapters.flatMap(a => a?.targets ?? []))].sort()
    const rank = adapters.reduce((r, a) => Math.max(r, 2 ** Math.ceil(Math.log2(a?.rank ?? 1))), 1)
    const modules = targets.length === 0 ? [] : targetModules(this.#model.config, targets)
    const adapted = {
      session: await this.#session(modules, rank, adapters.some(isDora)),
      feeds: stackAdapters(adapters, modules, rank)
    }
    this.#last = { key: [...adapters], adapted }
    return adapted
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release()
    this.#sessions.clear()
    this.#last = undefined
  }

  async #session(modules: readonly ModuleShape[], rank: number, scaled: boolean): Promise<Session> {
    const key = modules.length === 0 ? 'base' : `${scaled ? 'scaled ' : ''}${rank} ${modules.map(m => m.path).join()}`
    const known = this.#sessions.get(key)
    if (known !== undefined) {
      this.#sessions.delete(key) // to the end: the first is the one used longest ago
      this.#sessions.set(key, known)
      return known
    }
    const graph = this.#build()
    const made = Session.create(
      fitGraph(this.#model, modules.length === 0 ? graph : withLora(graph, modules, rank, 1, 'branch', scaled)),
      this.#options,
      this.#bound
    )
    this.#sessions.set(key, made)
    for (const [oldest, session] of this.#sessions) {
      if (this.#sessions.size <= sessionsKept) break
      this.#sessions.delete(oldest)
      await (await session).release()
    }
    return made
  }
}
