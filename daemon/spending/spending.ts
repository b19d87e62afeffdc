import { createHash, randomBytes } from 'node:crypto'
import { InvalidError, LimitError, NotFoundError } from '../../protocol/primitives/index.ts'
import { mostHeld, mostKeys, readSpending, writeSpending } from './file.ts'
import type { KeyRecord } from './file.ts'
import { mostOf, refusalOf } from './limits.ts'
import type { Limits, Payer } from './limits.ts'
import { emptyTally, hold, settle, settleAll, usedOn } from './tally.ts'
import type { Tally } from './tally.ts'
import { createWriter } from './writer.ts'

export interface KeyState extends Limits {
  readonly name: string
  readonly madeAt: number
  readonly spentToday: bigint
  /** Held for answers that are coming. */
  readonly held: bigint
  readonly spent: bigint
}

/** What one question costs, from before it is asked until it is over. */
export interface Outlay {
  /** The most that it may cost now; null: as much as there is. */
  most(): bigint | null
  /** Why it may not cost so much; undefined if it may. */
  refusal(amount: bigint): LimitError | undefined
  /**
   * Holds the most that it can come to, all told, on disk when it resolves: before a channel is opened for it or a
   * voucher signed. @throws LimitError `budget.request`, `budget.day`, `budget.busy`
   */
  reserve(most: bigint): Promise<void>
  /** By receipts, and what may still be signed for, it has come to so much; until the next `reserve` to no more. */
  spent(amount: bigint): void
  end(): Promise<void>
}

export interface Spending {
  /** What all questions of this daemon may cost, from now on. */
  limit(limits: Limits): void
  /** A question of a key's holder, or of the owner. */
  begin(key: string | undefined): Outlay
  keys(): readonly KeyState[]
  /**
   * @returns the key itself, which is kept nowhere
   * @throws InvalidError `key.taken`, `key.name` · LimitError `key.many`
   */
  add(name: string, limits: Limits): Promise<{ key: string; state: KeyState }>
  /** Nobody asks by it any more; what is under way by it ends. @throws NotFoundError `key.unknown` */
  revoke(name: string): Promise<KeyState>
  /** By the key itself: its name, and what aborts when it is revoked. */
  find(key: string): { readonly name: string; readonly over: AbortSignal } | undefined
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')
const msOfDay = 86_400_000

interface Key extends Omit<KeyRecord, 'tally'> {
  tally: Tally
  readonly over: AbortController
}

/** @param path of the file with keys and what was spent; @throws TilthError `budget.file` */
export async function openSpending(path: string, now: () => number = Date.now): Promise<Spending> {
  const stored = await readSpending(path)
  let own = settleAll(stored?.own ?? emptyTally)
  let ownLimits: Limits = { perRequest: null, perDay: null }
  const keys = new Map<string, Key>(
    stored?.keys.map(key => [key.name, { ...key, tally: settleAll(key.tally), over: new AbortController() }])
  )
  const byHash = new Map([...keys.values()].map(key => [key.hash, key]))
  const today = (): number => Math.floor(now() / msOfDay)
  const save = createWriter(() => writeSpending(path, { own, keys: [...keys.values()] }))

  const owner = (): Payer => ({
    name: 'this daemon',
    limits: ownLimits,
    tally: own,
    change: limit => `the setting spending.${limit}`
  })
  const holder = ({ name, perRequest, perDay, tally }: Key): Payer => ({
    name: `the key ${name}`,
    limits: { perRequest, perDay },
    tally,
    change: () => 'make another key by `tilth keys add`'
  })
  const stateOf = ({ name, madeAt, perRequest, perDay, tally }: Key): KeyState => {
    const held = usedOn({ ...tally, spent: 0n }, today())
    return { name, madeAt, perRequest, perDay, spentToday: usedOn(tally, today()) - held, held, spent: tally.total }
  }

  function begin(name: string | undefined): Outlay {
    const key = name === undefined ? undefined : keys.get(name)
    if (name !== undefined && key === undefined)
      throw new NotFoundError('key.unknown', `there is no key ${name} any more`)
    const id = randomBytes(12).toString('hex')
    const payers = (): Payer[] => [owner(), ...(key === undefined ? [] : [holder(key)])]
    // What nobody bounds by the day need not outlive the process.
    const isKept = (): boolean => key !== undefined || ownLimits.perDay !== null
    let held: bigint | undefined
    /** What it came to as far as it is known; undefined while it may still come to all that is held. */
    let came: bigint | undefined = 0n
    const change = (by: (tally: Tally) => Tally): void => {
      own = by(own)
      if (key !== undefined) key.tally = by(key.tally)
    }
    const refusal = (amount: bigint): LimitError | undefined => {
      for (const payer of payers()) {
        const found = refusalOf(payer, amount, today(), id)
        if (found !== undefined) return found
      }
      return undefined
    }
    return {
      most: () =>
        payers()
          .map(payer => mostOf(payer, today(), id))
          .reduce((least, most) => (least === null || (most !== null && most < least) ? most : least), null),
      refusal,
      async reserve(most) {
        const refused = refusal(most)
        if (refused !== undefined) throw refused
        // [reject] A bound of what is under way, so that the file has one.
        if (held === undefined && own.held.size >= mostHeld)
          throw new LimitError('budget.busy', 'too many answers are under way', { consequence: 'retry' })
        // Checked and held in one step: two that come at once do not both find the same room.
        const before = came
        held = most
        came = undefined
        change(tally => hold(tally, id, most, today()))
        if (!isKept()) return
        try {
          await save()
        } catch (error) {
          came = before // nothing was promised on it
          throw error
        }
      },
      spent(amount) {
        came = amount
      },
      async end() {
        if (held === undefined) return
        const amount = came ?? held
        held = undefined
        change(tally => settle(tally, id, amount))
        if (isKept()) await save()
      }
    }
  }

  return {
    limit(limits) {
      ownLimits = limits
    },
    begin,
    keys: () => [...keys.values()].map(stateOf),
    async add(name, { perRequest, perDay }) {
      // [reject] A name that can be typed, said and shown.
      if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{0,39}$/u.test(name))
        throw new InvalidError('key.name', 'a key is named by letters, digits, dots, hyphens and underscores')
      if (keys.has(name))
        throw new InvalidError('key.taken', `there is a key ${name} already`, {
          help: `Choose another name, or end that one: \`tilth keys revoke ${name}\`.`
        })
      if (keys.size >= mostKeys)
        throw new LimitError('key.many', `there are ${mostKeys} keys already`, { help: 'Revoke some.' })
      const secret = `sk-tilth-${randomBytes(32).toString('base64url')}`
      const hash = hashOf(secret)
      const key: Key = {
        name,
        hash,
        madeAt: now(),
        perRequest,
        perDay,
        tally: emptyTally,
        over: new AbortController()
      }
      keys.set(name, key)
      byHash.set(hash, key)
      try {
        await save()
      } catch (error) {
        keys.delete(name)
        byHash.delete(hash)
        throw error
      }
      return { key: secret, state: stateOf(key) }
    },
    async revoke(name) {
      const key = keys.get(name)
      if (key === undefined)
        throw new NotFoundError('key.unknown', `there is no key ${name}`, { help: 'See `tilth keys list`.' })
      keys.delete(name)
      byHash.delete(key.hash)
      key.over.abort()
      await save()
      return stateOf(key)
    },
    find(secret) {
      const key = byHash.get(hashOf(secret))
      return key === undefined ? undefined : { name: key.name, over: key.over.signal }
    }
  }
}
