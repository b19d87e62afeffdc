import { LevelDatastore } from 'datastore-level'
import type { Key } from 'interface-datastore'
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

  // Writes go on without the signal: one that was given up is no sign of a disk that is full.
  override async put(key: Key, value: Uint8Array, options?: GetOptions): Promise<Key> {
    options?.signal?.throwIfAborted()
    return await this.#anew.write(() => super.put(key, value))
  }

  override async delete(key: Key, options?: GetOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    await this.#anew.write(() => super.delete(key))
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
    // What is not there, and a database that cannot be read, are told in the package's own words.
    return this.#now(key) ?? (await super.get(key, options))
  }

  override async has(key: Key, options?: GetOptions): Promise<boolean> {
    return this.#now(key) !== undefined || (await super.has(key, options))
  }

  #now(key: Key): Uint8Array | undefined {
    return this.#level.status === 'open' ? this.#level.getSync(key.toString()) : undefined
  }
}
