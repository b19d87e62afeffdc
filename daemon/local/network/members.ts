import type { Role } from '../../config/index.ts'

export interface Member {
  readonly name: string
  readonly roles: Role[]
  readonly tokens: bigint
}

const unit = 10n ** 18n

/** The six daemons of a local network. The host is also the builder: a community that tunes its own model. */
export const members: readonly Member[] = [
  { name: 'host', roles: ['host', 'validator', 'builder', 'settler'], tokens: 5_000n * unit },
  { name: 'validator-1', roles: ['validator'], tokens: 1_000n * unit },
  { name: 'validator-2', roles: ['validator'], tokens: 1_000n * unit },
  { name: 'worker-1', roles: ['worker', 'scorer'], tokens: 1_000n * unit },
  { name: 'worker-2', roles: ['worker', 'scorer'], tokens: 1_000n * unit },
  { name: 'client', roles: ['client'], tokens: 1_000n * unit }
]
