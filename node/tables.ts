import { z } from 'zod'
import { sealedKey } from '../protocol/data/index.ts'
import { assignment, keptDraft } from '../protocol/jobs/index.ts'
import { heldOutDocument, scoringDocument } from '../protocol/payouts/index.ts'
import { openBooks, openTables as openLedger } from './chain/ledger/records.ts'
import { sentRecord } from './chain/sent.ts'
import { openTables as openData } from './data/book/records.ts'
import { unanchoredRecord } from './data/host/anchoring.ts'
import { givenRecord } from './data/private/given.ts'
import { relayedRecord } from './data/questions/relaying.ts'
import { sealingKeyText } from './data/private/readers.ts'
import { holding } from './data/storage/holdings.ts'
import { emptiedRecord } from './data/storage/leaving.ts'
import { rowRecord, wordRecord } from './data/validator/rows.ts'
import { knownTables } from './jobs/known.ts'
import { builtTables } from './jobs/builder/built.ts'
import { keptCurve } from './jobs/builder/curves.ts'
import { keptStates } from './jobs/kept.ts'
import { speed } from './jobs/worker/estimate.ts'
import { experienceRecord } from './jobs/worker/experience.ts'
import { tallyRecord } from './flow/tally.ts'
import { openTables as openModels } from './models/records.ts'
import { finding } from './payouts/audits/findings.ts'
import { noted } from './payouts/audits/words.ts'
import { ventureRecord } from './payouts/automation/ventures.ts'
import { matchesRecord, openUseTables, statedHeldOut } from './payouts/bazaar/index.ts'
import { openTables as openReceipts } from './payouts/receipts/index.ts'
import { paperRecord } from './payouts/papers.ts'
import { seatRecord } from './payouts/scorer/seats.ts'
import { linesRecord, summarySchema, sumsRecord } from './payouts/settler/summaries.ts'
import { verdictSchema } from './payouts/watcher/verdicts.ts'
import { stepRecord } from './runtime/automation/automation.ts'
import { pauseRecord } from './runtime/availability/availability.ts'
import type { Collection, Store } from './store/index.ts'
import { unpinnedRecord } from './unpinning.ts'

const text = z.string()
const mark = z.literal(true)

/** Tables that a part of the node opens for itself. */
const apart: Readonly<Record<string, z.ZodType>> = {
  'chain/sent': sentRecord,
  'data/unanchored': unanchoredRecord,
  'data/emptied': emptiedRecord,
  'data/holdings': holding,
  'data/spares': holding,
  'data/imports': holding,
  'data/keys': sealedKey,
  'data/keys-given': givenRecord,
  'data/relayed': relayedRecord,
  'data/sealing-keys': sealingKeyText,
  'data/rows': rowRecord,
  'data/rows-exact': text,
  'data/rows-words': text,
  'data/rows-slips': mark,
  'data/rows-of': mark,
  'data/rows-uses': wordRecord,
  'data/rows-parts': text,
  ...knownTables,
  ...builtTables,
  'jobs/curves': keptCurve,
  'jobs/drafts': keptDraft,
  'jobs/speeds': speed,
  'jobs/experience': experienceRecord,
  'jobs/assignments': assignment,
  'jobs/states': keptStates,
  'jobs/builder/states': keptStates,
  'files/unpinned': unpinnedRecord,
  'flow/tally': tallyRecord,
  'payouts/audits': finding,
  'payouts/audit-words': noted,
  'payouts/held-out': heldOutDocument,
  'payouts/stated-held-out': statedHeldOut,
  'payouts/matches': matchesRecord,
  'payouts/summaries': summarySchema,
  'payouts/sums': sumsRecord,
  'payouts/lines': linesRecord,
  'payouts/papers': paperRecord,
  'payouts/rounds': verdictSchema,
  'payouts/words': scoringDocument,
  'payouts/seats': seatRecord,
  'payouts/ventures': ventureRecord,
  'automation/last': stepRecord,
  'availability/pause': pauseRecord
}

/** Every table of a node's database and what stands in it: for whoever looks at a data folder that no node runs on. */
export function nodeTables(): ReadonlyMap<string, z.ZodType> {
  const schemas = new Map(Object.entries(apart))
  const noting: Pick<Store, 'collection'> = {
    collection: <T>(name: string, schema: z.ZodType<T>) => {
      schemas.set(name, schema)
      return { name } as Collection<T>
    }
  }
  for (const open of [openLedger, openBooks, openData, openModels, openReceipts, openUseTables]) open(noting)
  return schemas
}
