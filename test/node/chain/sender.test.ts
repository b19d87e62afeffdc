import assert from 'node:assert/strict'
import fc from 'fast-check'
import { privateKeyToAccount } from 'viem/accounts'
import { signTransaction } from '../../../node/chain/connection/sender.ts'
import { fromHex, toHex } from '../../../protocol/primitives/index.ts'

describe('a transaction', () => {
  it('is signed as the chain library signs it', async () => {
    const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map(all => toHex(all))
    const amount = fc.bigInt({ min: 0n, max: 1n << 90n })
    const transactions = fc.record(
      {
        chainId: fc.integer({ min: 1, max: 1 << 30 }),
        nonce: fc.integer({ min: 0, max: 1 << 30 }),
        gas: fc.bigInt({ min: 21_000n, max: 1n << 30n }),
        maxFeePerGas: amount.map(fee => fee + (1n << 90n)),
        maxPriorityFeePerGas: amount,
        to: bytes(20),
        data: fc.uint8Array({ maxLength: 100 }).map(all => toHex(all)),
        value: amount
      },
      { requiredKeys: ['chainId', 'nonce', 'gas', 'maxFeePerGas', 'maxPriorityFeePerGas'] }
    )
    const keys = fc
      .bigInt({ min: 1n, max: 1n << 255n })
      .map(key => toHex(fromHex(`0x${key.toString(16).padStart(64, '0')}`)))
    await fc.assert(
      fc.asyncProperty(transactions, keys, async (fields, key) => {
        const transaction = { ...fields, type: 'eip1559' as const }
        assert.equal(
          signTransaction(transaction, fromHex(key)),
          await privateKeyToAccount(key).signTransaction(transaction)
        )
      }),
      { numRuns: 60 }
    )
  })
})
