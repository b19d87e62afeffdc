export type ShelfKind = 'base' | 'adapter'

export type ShelfCode =
  | 'shelf.too-large' // over its kind's row, or over what the asker wants
  | 'shelf.full' // it would fit if less were held
  | 'shelf.disk' // the disk has no room for it
  | 'shelf.busy' // too many fetches are under way
  | 'shelf.late' // the fetch took longer than any of its size may
  | 'shelf.stopped'

/** Declared sizes of a folder, by its tree alone. */
export interface Sizes {
  readonly bytes: number
  readonly files: number
  /** Names of the files, relative. */
  readonly paths: readonly string[]
}

export interface AskOptions {
  readonly kind: ShelfKind
  /** Accounts or PeerIds that should have it. */
  readonly from: readonly string[]
  /**
   * Who wants it: the owner of this node, or somebody else's message. What strangers cause goes through one bandwidth,
   * and is not looked for again and again where nobody has it. What a question to one of the models over an offered
   * base causes has a share of the quota besides, and throws out nothing that this node made.
   */
  readonly cause: 'owner' | 'stranger' | 'question'
  /** Less than the kind's row. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal | undefined
}

export interface TakeOptions extends AskOptions {
  /** Hears of bytes as they come. */
  readonly onProgress?: (done: number, of: number) => void
}

/** A folder that stays on this disk until it is released. */
export interface Lease {
  readonly cid: string
  readonly folder: string
  readonly bytes: number
  /** May be called more than once. */
  release(): void
}

export interface ShelfEntry {
  readonly cid: string
  readonly kind: ShelfKind
  readonly bytes: number
  /** Put here by this node, not fetched: others may have it from nobody else, so it goes last. */
  readonly own: boolean
  readonly leases: number
  /** Milliseconds since 1970. */
  readonly usedAt: number
}

export interface ShelfStatus {
  readonly quota: number
  readonly bytes: number
  /** Of which something holds. */
  readonly held: number
  readonly fetching: number
  readonly entries: readonly ShelfEntry[]
}

/**
 * Base models and adapters by CID: each once on disk, under one quota, used by jobs, models and payouts alike. What
 * nobody holds goes when room is needed, the one used longest ago first.
 */
export interface Shelf {
  readonly name: 'shelf'
  /** Takes up what is on disk, and sweeps what a killed process left. */
  start(): Promise<void>
  stop(): Promise<void>
  /**
   * A folder by its CID, fetched if it is not here; who asks for one that is being fetched waits for the same fetch,
   * which ends when the last of them has gone.
   * @throws LimitError `shelf.too-large`, `shelf.full`, `shelf.disk`, `shelf.busy` · NotFoundError `files.unavailable`,
   * `shelf.late` · as files.fetchDirectory · the signal's reason
   */
  take(cid: string, options: TakeOptions): Promise<Lease>
  /**
   * Copies a folder of this machine's onto the shelf, from where others can have it. The lease holds it.
   * @throws LimitError as take · InvalidError `files.*`
   */
  put(folder: string, kind: ShelfKind): Promise<Lease>
  /**
   * What it would take, without taking it.
   * @throws LimitError `shelf.too-large` over its kind's row · as take
   */
  sizes(cid: string, options: AskOptions): Promise<Sizes>
  /**
   * Asks whoever holds folders for others' questions to let go of an idle one, while the owner's want finds no room.
   * @param giveBack @returns whether it let go of one
   * @returns that it is asked no more
   */
  onNeed(giveBack: () => boolean): () => void
  has(cid: string): boolean
  status(): ShelfStatus
}
