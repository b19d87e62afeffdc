import { keccak_256 } from '@noble/hashes/sha3.js'
import { joinBytes } from '../primitives/bytes.ts'
import { fromHex, toHex } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'
import { statements } from './statements.ts'
import type { FieldType, Message, Network, StatementType } from './statements.ts'

// EIP-712 for flat structs (https://eips.ethereum.org/EIPS/eip-712): every field encodes to one word, strings to
// their hash. Checked against viem's general implementation in the tests.
const prefix = Uint8Array.of(0x19, 0x01)
const encoder = new TextEncoder()
const hashText = (text: string): Uint8Array => keccak_256(encoder.encode(text))

function word(type: FieldType, value: unknown): Uint8Array {
  const out = new Uint8Array(32)
  switch (type) {
    case 'string':
      return hashText(value as string)
    case 'bytes32':
      out.set(fromHex(value as Hex))
      break
    case 'address':
      out.set(fromHex(value as Hex), 12)
      break
    case 'bool':
      out[31] = value === true ? 1 : 0
      break
    case 'uint32':
    case 'uint64':
    case 'uint256': {
      let rest = BigInt(value as bigint | number)
      for (let i = 31; rest > 0n && i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 255n)
    }
  }
  return out
}

const typeHashes = new Map<StatementType, Uint8Array>()
function typeHash(type: StatementType): Uint8Array {
  let hash = typeHashes.get(type)
  if (hash === undefined) {
    hash = hashText(`${type}(${statements[type].map(([name, kind]) => `${kind} ${name}`).join(',')})`)
    typeHashes.set(type, hash)
  }
  return hash
}

const domains = new Map<string, Uint8Array>()
function domainSeparator(network: Network): Uint8Array {
  const key = `${network.chainId}:${network.registry}`
  let hash = domains.get(key)
  if (hash === undefined) {
    hash = keccak_256(
      joinBytes([
        hashText('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'),
        hashText('Tilth'),
        hashText('1'),
        word('uint256', network.chainId),
        word('address', network.registry)
      ])
    )
    domains.set(key, hash)
  }
  return hash
}

/** hashStruct(message), 32 bytes, without the domain. */
export function structHash<T extends StatementType>(type: T, message: Message<T>): Uint8Array {
  const values = message as Record<string, unknown>
  return keccak_256(joinBytes([typeHash(type), ...statements[type].map(([name, kind]) => word(kind, values[name]))]))
}

/** Digests of messages that are held somewhere, with what they are of. */
const digests = new WeakMap<object, { readonly type: StatementType; readonly domain: Uint8Array; readonly hash: Hex }>()

/**
 * The EIP-712 digest of a statement: what is signed, and the id by which others refer to it. Hashed once for each
 * message, which from then on cannot be changed: an epoch asks for its receipts' ids again and again.
 */
export function digest<T extends StatementType>(network: Network, type: T, message: Message<T>): Hex {
  const domain = domainSeparator(network)
  const known = digests.get(message)
  if (known !== undefined && known.type === type && known.domain === domain) return known.hash
  const hash = toHex(keccak_256(joinBytes([prefix, domain, structHash(type, message)])))
  digests.set(Object.freeze(message), { type, domain, hash })
  return hash
}
