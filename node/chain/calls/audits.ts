import { trainingAuditsAbi } from '../../../protocol/contracts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { mined } from '../connection/index.ts'
import type { Connection } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

export interface AuditCalls {
  /** What a builder stakes on its job's audit, and an auditor loses whose word is false. */
  bond(): Promise<bigint>
  /** Seconds that auditors have. */
  window(): Promise<bigint>
  /** Of the job that a model's registration names. Builder only; takes the bond. */
  open(model: Hex): Promise<Mined>
  /** Anyone may, once its block is over and while the chain knows it. */
  draw(audit: Hex): Promise<Mined>
  /** One of the panel. @param subject `auditSubject` of what it looked at */
  say(audit: Hex, round: number, agrees: boolean, subject: Hex): Promise<Mined>
  /** Once all have spoken or time is over. Anyone may; the bond goes where the words say. */
  close(audit: Hex): Promise<Mined>
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
    window: () => connection.read({ ...at, what: "the time for a training's audit", functionName: 'window', args: [] }),
    async open(model) {
      await connection.allow(token, audits, await bond())
      const what = `opening the audit of ${model}`
      return mined(await connection.write({ ...at, what, functionName: 'open', args: [model] }))
    },
    draw: async audit =>
      mined(await connection.write({ ...at, what: `the draw of audit ${audit}`, functionName: 'draw', args: [audit] })),
    say: async (audit, round, agrees, subject) =>
      mined(
        await connection.write({
          ...at,
          what: `an auditor's word on ${audit}`,
          functionName: 'say',
          args: [audit, round, agrees, subject]
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
