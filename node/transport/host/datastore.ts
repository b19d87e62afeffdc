import { LevelDatastore } from 'datastore-level'
import { Key } from 'interface-datastore'
import type { Pair } from 'interface-datastore'
import type { Level } from 'level'
import { createAnew } from '../../store/index.ts'
import type { Anew } from '../../store/index.ts'

type GetOptions = Parameters<LevelDatastore['get']>[1]
type Batch = ReturnType<LevelDatastore['batch']>

/**
 * What libp2p and Helia keep beside the blocks. Notes of peers are read again with everything that is heard of them: in
 * this thread that takes some microseconds, by way of another a fifth of an idle node's work.
 */
export class Records extends LevelDatastore {
  readonly #level: Level<string, Uint8Array>
  readonly #anew: Anew

  /** @param directory where room for it is looked for */
  constructor(level: Level<string, Uint8Array>, directory: string, tell?: (failed: unknown) => void) {
    super(level)
    this.#level = level
    this.#anew = createAnew(level, directory, tell)
  }

  // Writes go on without the signal: one that was given up is no sign of a disk that is full. They are given to the
  // database itself, whose errors say what they are.
  override async put(key: Key, value: Uint8Array, options?: GetOptions): Promise<Key> {
    options?.signal?.throwIfAborted()
    await this.#anew.write(() => this.#level.put(key.toString(), value))
    return key
  }

  override async delete(key: Key, options?: GetOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    await this.#anew.write(() => this.#level.del(key.toString()))
  }

  override batch(): Batch {
    const whole = super.batch()
    return {
      ...whole,
      commit: async options => {
        options?.signal?.throwIfAborted()
        await this.#anew.write(async () => await whole.commit())
      }
    }
  }

  override async close(): Promise<void> {
    await this.#anew.end()
  }

  override async get(key: Key, options?: GetOptions): Promise<Uint8Array> {
    // What is not there is told in the package's own words.
    return (await this.#find(key)) ?? (await super.get(key, options))
  }

  override async has(key: Key): Promise<boolean> {
    return (await this.#find(key)) !== undefined
  }

  /** What queries walk: of a database that is opened anew meanwhile it goes on behind the last key. */
  override async *_query({ prefix, values }: Parameters<LevelDatastore['_query']>[0]): AsyncGenerator<Pair> {
    const end = prefix === undefined ? {} : { lt: `${prefix}\u{10ffff}` }
    let after: string | undefined
    for (;;) {
      await this.#anew.since(this.#anew.times()) // while it is being opened there is nothing to walk
      const times = this.#anew.times()
      const start = after !== undefined ? { gt: after } : prefix !== undefined ? { gte: prefix } : {}
      try {
        for await (const [key, value] of this.#level.iterator({ ...start, ...end, values })) {
          after = key
          yield { key: new Key(key, false), value }
        }
        return
      } catch (error) {
        if (!(await this.#anew.since(times))) throw error
      }
    }
  }

  async #find(key: Key): Promise<Uint8Array | undefined> {
    const name = key.toString()
    if (this.#level.status === 'open') return this.#level.getSync(name)
    return await this.#anew.read(() => this.#level.get(name))
  }
}
