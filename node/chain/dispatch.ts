import { toFunctionSelector } from 'viem'
import type { Abi, Hex } from 'viem'
import { abis } from './abis.ts'
import type { Addresses } from './addresses.ts'

/**
 * Functions that this version calls and a contract does not have, by name: none, if it is of this version. A
 * contract's code compares what it is called by with each of its functions' selectors, so these stand in it, without
 * the zeros that they begin with.
 */
export function lacking(contract: keyof Addresses, code: Hex): string[] {
  // As a plain list: types that differ from contract to contract take the compiler a second to go through.
  const items: Abi = abis[contract]
  return items.flatMap(item => {
    if (item.type !== 'function') return []
    const selector = toFunctionSelector(item)
      .slice(2)
      .replace(/^(00)+/, '')
    return code.includes(selector) ? [] : [item.name]
  })
}
