import { InvalidError } from '../primitives/errors.ts'
import { privateInWords } from './explain.ts'
import type { DatanetRules } from './types.ts'

/**
 * [reject] Auditors are drawn among a pool's scorers, who cannot read a private Datanet's rows: a model of it that
 * waited for an audit would earn nothing, ever.
 * @throws InvalidError `datanet.private`
 */
export function requireAuditable({
  name,
  private: rule,
  auditedSegments = 0
}: Pick<DatanetRules, 'name' | 'private' | 'auditedSegments'>): void {
  if (rule === undefined || auditedSegments === 0) return
  throw new InvalidError(
    'datanet.private',
    `${name} is private: drawn auditors cannot read its rows, so no part of a training can be run again`,
    { help: `${privateInWords} Ask for no audited segments (0).` }
  )
}
