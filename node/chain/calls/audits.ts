import { auditorWords, auditorsEach, trainingAuditsAbi } from '../../../protocol/contracts/index.ts'
import type { AuditorWord } from '../../../protocol/contracts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { mined } from '../connection/index.ts'
import type { Connection } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

/** What is run again of a job's trainings, and what one run of one part is paid with. */
export interface AuditTerms {
  readonly segments: number
  readonly fee: bigint
}

export interface AuditCalls {
  /** What a builder stakes on its job's audit, and an auditor loses whose word is false. */
  bond(): Promise<bigint>
  /** What one run of a segment is paid with at least. */
  leastFee(): Promise<bigint>
  /** Seconds that auditors have. */
  window(): Promise<bigint>
  /**
   * Of the job that a model's registration names. Builder only; takes the bond and three fees for each segment. Where
   * one that was never drawn is opened anew, what was put in for its runs stays, with the terms of then.
   */
  open(model: Hex, terms: AuditTerms): Promise<Mined>
  /** Anyone may, once its block is over and while the chain knows it. */
  draw(audit: Hex): Promise<Mined>
  /**
   * One of the panel.
   * @param seed of the draw that it speaks of
   * @param subject `auditSubject` of what it looked at
   * @param runs segments that it ran again, a bit for each in the order of the draw
   * @param missing those that it was given nothing to run of
   */
  say(audit: Hex, seed: Hex, said: { word: AuditorWord; subject: Hex; runs: number; missing: number }): Promise<Mined>
  /**
   * Once all have spoken or time is over, by anyone: auditors are paid, the rest goes where the words say. Where nobody
   * was there to be drawn, by its builder, who has all of it back.
   */
  close(audit: Hex): Promise<Mined>
  /** Who of a round's panel said nothing in time loses a tenth of the least stake, and its seat. */
  penaliseAbsent(audit: Hex, round: number, auditor: Address): Promise<Mined>
  /**
   * A validator holds an auditor's word for false, or has heard none.
   * @param costs whether stake is to be taken: not of who was given nothing to look at
   */
  blame(audit: Hex, round: number, auditor: Address, costs: boolean): Promise<Mined>
}

export function createAudits(connection: Connection, { audits, token }: Addresses): AuditCalls {
  const at = { address: audits, abi: trainingAuditsAbi } as const
  const bond = (): Promise<bigint> =>
    connection.read({ ...at, what: "the bond of a training's audit", functionName: 'bond', args: [] })
  return {
    bond,
    leastFee: () =>
      connection.read({ ...at, what: "the fee for a run of a training's part", functionName: 'leastFee', args: [] }),
    window: () => connection.read({ ...at, what: "the time for a training's audit", functionName: 'window', args: [] }),
    async open(model, { segments, fee }) {
      await connection.allow(token, audits, (await bond()) + BigInt(auditorsEach * segments) * fee)
      const what = `opening the audit of ${model}`
      return mined(await connection.write({ ...at, what, functionName: 'open', args: [model, segments, fee] }))
    },
    draw: async audit =>
      mined(await connection.write({ ...at, what: `the draw of audit ${audit}`, functionName: 'draw', args: [audit] })),
    say: async (audit, seed, { word, subject, runs, missing }) =>
      mined(
        await connection.write({
          ...at,
          what: `an auditor's word on ${audit}`,
          functionName: 'say',
          args: [audit, seed, auditorWords.indexOf(word) + 1, subject, runs, missing]
        })
      ),
    penaliseAbsent: async (audit, round, auditor) =>
      mined(
        await connection.write({
          ...at,
          what: `the absence of ${auditor} in audit ${audit}`,
          functionName: 'penaliseAbsent',
          args: [audit, round, auditor]
        })
      ),
    close: async audit =>
      mined(await connection.write({ ...at, what: `closing audit ${audit}`, functionName: 'close', args: [audit] })),
    blame: async (audit, round, auditor, costs) =>
      mined(
        await connection.write({
          ...at,
          what: `the word of ${auditor} on audit ${audit}`,
          functionName: 'blame',
          args: [audit, round, auditor, costs]
        })
      )
  }
}
