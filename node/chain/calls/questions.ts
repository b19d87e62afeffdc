import { parseEventLogs } from 'viem'
import { datanetRegistryAbi } from '../../../protocol/contracts/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { eventOf, mined } from '../connection/index.ts'
import type { Connection } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

/** A batch of held-out questions as the chain takes it. */
export interface SealedQuestions {
  readonly keyHash: Hex
  readonly questions: Hex
  /** Of the sitting roster, in its order, one after another. */
  readonly keys: Hex
}

/** Held-out questions in sealed batches. */
export interface Questions {
  /** This account has written them. */
  put(datanet: Hex, batch: SealedQuestions): Promise<Mined & { batch: Hex }>
  /** Brings what its writer has signed, whose account pays nothing. */
  putFor(
    statement: Signed<'Questions'>,
    sealed: Pick<SealedQuestions, 'questions' | 'keys'>
  ): Promise<Mined & { batch: Hex }>
  /** A sitting, staked validator's word. `version`: which one they judge, where it was the word that was missing. */
  speak(batch: Hex, consents: boolean): Promise<Mined & { version: number | undefined }>
  /** Shows their key, once their version is anchored; anyone may. */
  open(batch: Hex, key: Hex): Promise<Mined>
}

export function createQuestions(connection: Connection, { datanets }: Addresses): Questions {
  const at = { address: datanets, abi: datanetRegistryAbi } as const
  return {
    async put(datanet, { keyHash, questions, keys }) {
      const what = `putting held-out questions for ${datanet}`
      const args = [datanet, keyHash, questions, keys] as const
      const receipt = await connection.write({ ...at, what, functionName: 'putBatch', args })
      return { ...mined(receipt), batch: eventOf(receipt, datanetRegistryAbi, 'BatchPut').batch }
    },
    async putFor({ message, signature }, { questions, keys }) {
      const what = `bringing the held-out questions of ${message.writer}`
      const args = [message, signature, questions, keys] as const
      const receipt = await connection.write({ ...at, what, functionName: 'putBatchFor', args })
      return { ...mined(receipt), batch: eventOf(receipt, datanetRegistryAbi, 'BatchPut').batch }
    },
    async speak(batch, consents) {
      const what = `a word on the questions ${batch}`
      const receipt = await connection.write({ ...at, what, functionName: 'speakOnBatch', args: [batch, consents] })
      const found = parseEventLogs({ abi: datanetRegistryAbi, eventName: 'BatchAccepted', logs: receipt.logs })
      return { ...mined(receipt), version: found[0]?.args.version }
    },
    open: async (batch, key) =>
      mined(
        await connection.write({
          ...at,
          what: `opening the questions ${batch}`,
          functionName: 'openBatch',
          args: [batch, key]
        })
      )
  }
}
