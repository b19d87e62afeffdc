import { auditorWords } from '../../../protocol/contracts/index.ts'
import type { Apply, Draft } from './draft.ts'
import { placeOf } from './records.ts'
import type { AuditRecord, AuditRound } from './audit-records.ts'
import type { Tables } from './records.ts'
import { explainSlash } from './slashed.ts'

/** @returns what is missing, if something is */
async function changeRound(
  { audit, round }: { readonly audit: AuditRecord['id']; readonly round: number },
  draft: Draft,
  { audits }: Tables,
  edit: (round: AuditRound, known: AuditRecord) => Partial<AuditRound>,
  whole: Partial<AuditRecord> = {}
): Promise<string | undefined> {
  const known = await draft.get(audits, audit)
  const last = known?.rounds.at(-1)
  if (known === undefined || last?.number !== round) return `the opening of audit ${audit} is missing`
  const rounds = [...known.rounds.slice(0, -1), { ...last, ...edit(last, known) }]
  await draft.put(audits, audit, { ...known, ...whole, rounds })
  return undefined
}

/** The same of any round: who was drawn answers for its word when another round is open, too. */
async function changeAny(
  { audit, round }: { readonly audit: AuditRecord['id']; readonly round: number },
  draft: Draft,
  { audits }: Tables,
  edit: (round: AuditRound) => Partial<AuditRound>
): Promise<string | undefined> {
  const known = await draft.get(audits, audit)
  if (known === undefined) return `the opening of audit ${audit} is missing`
  const rounds = known.rounds.map(one => (one.number === round ? { ...one, ...edit(one) } : one))
  await draft.put(audits, audit, { ...known, rounds })
  return undefined
}

/** Audits of trainings: who was drawn, and what they have said. */
export const applyAudits = {
  async AuditOpened(event, draft, { audits, auditOrder }) {
    const { audit: id, model, pool, round: number, drawFrom, bond, segments, fee, block } = event
    const place = placeOf(event)
    const known = await draft.get(audits, id)
    const said = { words: [], strikes: [], paid: [], absent: [], doubted: false, closed: false }
    const opened = { number, drawFrom, seed: null, panel: [], until: 0n, segments, fee, ...said }
    // Rounds that nobody drew say nothing, and may be many: only those that were drawn are counted.
    const rounds = [...(known?.rounds ?? []).filter(({ seed }) => seed !== null), opened]
    const before = known?.rounds.at(-1)?.number ?? 0
    if (known === undefined) await draft.put(auditOrder, place, id)
    const record = known ?? { id, model, pool, bond, refused: false, rounds, block, place }
    await draft.put(audits, id, { ...record, rounds })
    return before + 1 === number ? undefined : `a round of audit ${id} is missing`
  },
  AuditorsDrawn: async (event, draft, tables) =>
    changeRound(event, draft, tables, () => ({ seed: event.seed, panel: event.panel, until: event.until })),
  AuditSaid: async (event, draft, tables) => {
    const { auditor, word: number, subject, runs, missing, time: at } = event
    const said = { auditor, word: auditorWords[number - 1] ?? 'nothing', subject, runs, missing, at }
    return changeRound(event, draft, tables, ({ words }) => ({ words: [...words, said] }))
  },
  WordStruck: async ({ audit, round, auditor, whole, time: at }, draft, tables) =>
    changeAny({ audit, round }, draft, tables, ({ strikes }) => ({ strikes: [...strikes, { auditor, whole, at }] })),
  AuditorPaid: async (event, draft, tables) => {
    const { auditor, amount } = event
    return changeRound(event, draft, tables, ({ paid }) => ({ paid: [...paid, { auditor, amount }] }))
  },
  AuditorBlamed: async (event, draft, tables) => changeAny(event, draft, tables, () => ({ doubted: true })),
  AuditClosed: async (event, draft, tables) =>
    changeRound(event, draft, tables, () => ({ closed: true }), { refused: event.refused }),
  async AuditorPenalised(event, draft, tables) {
    const { audit, auditor: node, transaction } = event
    const missing = await changeAny(event, draft, tables, ({ absent }) =>
      event.absent ? { absent: [...absent, node] } : {}
    )
    if (event.taken === 0n) return missing // it had nothing at stake any more, or was to lose its seat alone
    const because = event.absent ? 'absent-auditor' : 'false-word'
    return missing ?? (await explainSlash(draft, tables, { node, transaction }, { because, audit }))
  }
} as const satisfies {
  [
    N in
      | 'AuditOpened'
      | 'AuditorsDrawn'
      | 'AuditSaid'
      | 'WordStruck'
      | 'AuditorPaid'
      | 'AuditorBlamed'
      | 'AuditClosed'
      | 'AuditorPenalised'
  ]: Apply<N>
}
