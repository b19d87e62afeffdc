import type { Addresses } from '../../node/chain/addresses.ts'
import type { Address } from '../../protocol/primitives/index.ts'

/** A deployment that there is nowhere: each contract at an address of its own. */
export const someContracts: Addresses = Object.fromEntries(
  (
    [
      'token',
      'registry',
      'datanets',
      'bonds',
      'models',
      'escrow',
      'channels',
      'anchor',
      'juries',
      'audits',
      'serving'
    ] satisfies (keyof Addresses)[]
  ).map((name, i): [string, Address] => [name, `0x${(i + 1).toString(16).repeat(40)}`])
) as unknown as Addresses
