import { createHash, randomBytes } from 'node:crypto'
import { InvalidError, LimitError, NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { KeyScope } from '../api/contract/keys.ts'
import { mostHeld, mostKeys, readSpending, writeSpending } from './file.ts'
import type { KeyRecord } from './file.ts'
import { emptyTally, hold, mostOf, refusalOf, settle, settleAll, usedOn } from '../../protocol/models/index.ts'
import type { Payer, SpendingLimits as Limits, Tally } from '../../protocol/models/index.ts'
import { createWriter } from './writer.ts'

export interface KeyState extends Limits {
  readonly name: string
  readonly scopes: readonly KeyScope[]
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
  /** What all questions of this daemon may cost, and what calls may pay otherwise in a day, from now on. */
  limit(limits: Limits & { readonly payPerDay?: bigint | null }): void
  /** A question of a key's holder, or of the owner. */
  begin(key: string | undefined): Outlay
  /**
   * Pays by a call of a key's holder, or of the owner: held before, counted as paid unless it was refused.
   * @param most with what follows it: not begun where that would be refused now; no more than `amount` is held
   * @throws LimitError `budget.day` · as `pay`
   */
  paying<T>(key: string | undefined, amount: bigint, pay: () => Promise<T>, most?: bigint): Promise<T>
  keys(): readonly KeyState[]
  /**
   * @returns the key itself, which is kept nowhere
   * @throws InvalidError `key.taken`, `key.name`, `key.budget` · LimitError `key.many`
   */
  add(name: string, limits: Limits, scopes?: readonly KeyScope[]): Promise<{ key: string; state: KeyState }>
  /** Nobody asks by it any more; what is under way by it ends. @throws NotFoundError `key.unknown` */
  revoke(name: string): Promise<KeyState>
  /** By the key itself: its name, what it is for, and what aborts when it is revoked. */
  find(
    key: string
  ): { readonly name: string; readonly scopes: readonly KeyScope[]; readonly over: AbortSignal } | undefined
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')
const msOfDay = 86_400_000

interface Key extends Omit<KeyRecord, 'tally'> {
  tally: Tally
  readonly over: AbortController
}

/** Whose budget money counts against, beside that of a key. */
interface Purse {
  payer(): Payer
  holder(key: Key): Payer
  change(by: (tally: Tally) => Tally): void
  /** Whether what is held has to outlive the process, whoever asks. */
  isKept(): boolean
}

/** @param path of the file with keys and what was spent; @throws TilthError `budget.file` */
export async function openSpending(path: string, now: () => number = Date.now): Promise<Spending> {
  const stored = await readSpending(path)
  let own = settleAll(stored?.own ?? emptyTally)
  let paid = settleAll(stored?.paid ?? emptyTally)
  let ownLimits: Limits = { perRequest: null, perDay: null }
  let payPerDay: bigint | null = null
  const keys = new Map<string, Key>(
    stored?.keys.map(key => [key.name, { ...key, tally: settleAll(key.tally), over: new AbortController() }])
  )
  const byHash = new Map([...keys.values()].map(key => [key.hash, key]))
  const today = (): number => Math.floor(now() / msOfDay)
  const save = createWriter(() => writeSpending(path, { own, paid, keys: [...keys.values()] }))

  const holder = ({ name, perRequest, perDay, tally }: Key): Payer => ({
    name: `the key ${name}`,
    limits: { perRequest, perDay },
    tally,
    change: () => 'make another key by `tilth keys add`'
  })
  const questions: Purse = {
    payer: () => ({
      name: 'this daemon',
      limits: ownLimits,
      tally: own,
      change: limit => `the setting spending.${limit}`
    }),
    holder,
    change: by => (own = by(own)),
    // What nobody bounds by the day need not outlive the process.
    isKept: () => ownLimits.perDay !== null
  }
  const purpose = { does: 'this would pay', less: 'Pay less' } as const
  const payments: Purse = {
    payer: () => ({
      name: 'calls of this daemon',
      limits: { perRequest: null, perDay: payPerDay },
      tally: paid,
      purpose,
      change: () => 'spending.payPerDay of the configuration file, from the next start'
    }),
    // What one answer may cost says nothing of a payment.
    holder: key => ({ ...holder(key), limits: { perRequest: null, perDay: key.perDay }, purpose }),
    change: by => (paid = by(paid)),
    isKept: () => payPerDay !== null
  }
  const stateOf = ({ name, madeAt, scopes, perRequest, perDay, tally }: Key): KeyState => {
    const held = usedOn({ ...tally, spent: 0n }, today())
    return {
      name,
      madeAt,
      scopes,
      perRequest,
      perDay,
      spentToday: usedOn(tally, today()) - held,
      held,
      spent: tally.total
    }
  }

  function begin(name: string | undefined, purse = questions): Outlay {
    const key = name === undefined ? undefined : keys.get(name)
    if (name !== undefined && key === undefined)
      throw new NotFoundError('key.unknown', `there is no key ${name} any more`)
    const id = randomBytes(12).toString('hex')
    const payers = (): Payer[] => [purse.payer(), ...(key === undefined ? [] : [purse.holder(key)])]
    const isKept = (): boolean => key !== undefined || purse.isKept()
    let held: bigint | undefined
    /** What it came to as far as it is known; undefined while it may still come to all that is held. */
    let came: bigint | undefined = 0n
    const change = (by: (tally: Tally) => Tally): void => {
      purse.change(by)
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
        if (held === undefined && purse.payer().tally.held.size >= mostHeld)
          throw new LimitError('budget.busy', 'too much is under way', { consequence: 'retry' })
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
    limit({ payPerDay: most = null, ...limits }) {
      ownLimits = limits
      payPerDay = most
    },
    begin: name => begin(name),
    async paying(name, amount, pay, most = amount) {
      const outlay = begin(name, payments)
      const refused = outlay.refusal(most)
      if (refused !== undefined) throw refused
      try {
        await outlay.reserve(amount)
        return await pay()
      } catch (error) {
        // What was refused has moved nothing; of what failed on its way nobody knows.
        if (error instanceof TilthError && (error.consequence === 'reject' || error.consequence === 'ignore'))
          outlay.spent(0n)
        throw error
      } finally {
        await outlay.end()
      }
    },
    keys: () => [...keys.values()].map(stateOf),
    async add(name, { perRequest, perDay }, scopes = ['ask']) {
      // [reject] A name that can be typed, said and shown.
      if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{0,39}$/u.test(name))
        throw new InvalidError('key.name', 'a key is named by letters, digits, dots, hyphens and underscores')
      // [reject] What may pay is bounded.
      if (scopes.includes('money') && perDay === null)
        throw new InvalidError('key.budget', 'a key that may pay needs a budget of a day', {
          help: 'Add --per-day TOKENS.'
        })
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
        scopes: [...new Set(scopes)],
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
      return key === undefined ? undefined : { name: key.name, scopes: key.scopes, over: key.over.signal }
    }
  }
}
