import type { Phase } from '../../protocol/flow.ts'

/** The phase in which a role does its work; a relay stands beside all of them. */
const phaseOfRole: Readonly<Record<string, Phase>> = {
  host: 'data',
  validator: 'data',
  builder: 'jobs',
  worker: 'jobs',
  client: 'models',
  settler: 'payouts',
  scorer: 'payouts'
}

export interface Arc {
  readonly phase: Phase
  /** Of a hundred, around the ring. */
  readonly from: number
  readonly length: number
}

/** A ring with an equal part for each phase that somebody's roles belong to. */
export function ringOf(roles: readonly string[]): readonly Arc[] {
  const phases = [...new Set(roles.flatMap(role => phaseOfRole[role] ?? []))]
  const length = 100 / phases.length
  return phases.map((phase, at) => ({ phase, from: at * length, length }))
}

/** What somebody does, by its own word. */
export const rolesText = (roles: readonly string[] | null): string =>
  roles === null ? 'not said' : roles.length === 0 ? 'none' : roles.join(', ')
