import { exactTokenText } from '../../../protocol/primitives/index.ts'
import type { RefusalName } from './refusals.ts'

const tokens = (smallest: string | undefined): string => exactTokenText(BigInt(smallest ?? '0'))
const at = (seconds: string | undefined): string => new Date(Number(seconds ?? '0') * 1000).toISOString()
const early = (what: string, [when]: readonly string[]): string =>
  `${what} is too early: it can be done from ${at(when)}`

/** What contracts refuse with numbers that people can use, in words. Any other refusal is told by its name. */
const words: { readonly [N in RefusalName]?: (what: string, said: readonly string[]) => string } = {
  ERC20InsufficientBalance: (what, [, holds, needs]) =>
    `${what} takes ${tokens(needs)} tokens, and the account holds ${tokens(holds)}`,
  NotEnoughStake: (what, [free]) => `${what} takes more stake than the ${tokens(free)} tokens that are free for it`,
  StillBonded: early,
  BondHeldUntil: early,
  NotYet: early,
  WindowOpen: early,
  DeadlineNotOver: early,
  StillDeciding: early
}

/** @param what the sentence's subject, for instance `opening a channel` */
export const refusalText = (what: string, name: string, said: readonly string[]): string =>
  words[name as RefusalName]?.(what, said) ?? `${what} was refused: ${name}(${said.join(', ')})`
