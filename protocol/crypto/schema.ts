import { z } from 'zod'
import { address, bytes32, signature, uint } from '../primitives/hex.ts'
import { statements } from './statements.ts'
import type { FieldType, Signed, StatementType } from './statements.ts'

const fields: Record<FieldType, z.ZodType> = {
  address,
  bytes32,
  uint32: z.int().min(0).max(0xffffffff),
  uint64: uint(64),
  uint256: uint(256),
  string: z.string().max(200),
  bool: z.boolean()
}

const cache = new Map<StatementType, z.ZodType>()

/**
 * The wire schema of a signed statement: JSON with wide integers as decimal text in, `Signed<T>` out. Unknown keys are
 * refused.
 */
export function signedSchema<T extends StatementType>(type: T): z.ZodType<Signed<T>> {
  let schema = cache.get(type)
  if (schema === undefined) {
    const message = z.strictObject(Object.fromEntries(statements[type].map(([name, kind]) => [name, fields[kind]])))
    schema = z.strictObject({ type: z.literal(type), message, signature })
    cache.set(type, schema)
  }
  return schema as z.ZodType<Signed<T>>
}
