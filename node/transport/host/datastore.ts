import { LevelDatastore } from 'datastore-level'
import type { Key } from 'interface-datastore'
import type { Level } from 'level'

type GetOptions = Parameters<LevelDatastore['get']>[1]

/**
 * What libp2p and Helia keep beside the blocks. Notes of peers are read again with everything that is heard of them: in
 * this thread that takes some microseconds, by way of another a fifth of an idle node's work.
 */
export class Records extends LevelDatastore {
  readonly #level: Level<string, Uint8Array>

  constructor(level: Level<string, Uint8Array>) {
    super(level)
    this.#level = level
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
