import { InvalidError, LimitError } from '../../../../protocol/primitives/index.ts'

/** Sign-in tokens that wait to be used; of more the oldest goes. Only who holds the bearer token makes them. */
const mostTokens = 256
/** Wrong tokens that are looked at in a row, and how soon one more is. */
const guesses = { most: 20, everyMs: 3_000 } as const

/** Tokens that sign one browser in, once: in memory, by their marks alone, so that a daemon that ends forgets them. */
export interface SignInTokens {
  keep(mark: string, until: number): void
  /** Takes a token away. @throws InvalidError `auth.token` · LimitError `limit.rate` */
  take(mark: string): void
}

export function createSignInTokens(now: () => number): SignInTokens {
  const untils = new Map<string, number>()
  let wrong = 0
  let since = now()
  const forgive = (at: number): void => {
    const times = Math.max(0, Math.floor((at - since) / guesses.everyMs))
    wrong = Math.max(0, wrong - times)
    since += times * guesses.everyMs
  }
  return {
    keep(mark, until) {
      untils.set(mark, until)
      for (const [first] of untils) {
        if (untils.size <= mostTokens) break
        untils.delete(first)
      }
    },
    take(mark) {
      const at = now()
      forgive(at)
      const until = untils.get(mark)
      untils.delete(mark)
      // One that is right is no guess: whoever sends wrong ones keeps nobody out.
      if (until !== undefined && until > at) return
      // [reject] Whoever guesses is heard now and then, and no more often.
      if (wrong >= guesses.most)
        throw new LimitError('limit.rate', 'too many wrong sign-in tokens', {
          help: 'Wait a minute, then open the address that `tilth console` prints.',
          consequence: 'retry'
        })
      wrong++
      // [reject] Once, within its time, at the daemon that made it: all three look the same to who only guesses.
      throw new InvalidError('auth.token', "this sign-in address was used before, is too old, or is another daemon's", {
        help: '`tilth console` prints a new one.'
      })
    }
  }
}
