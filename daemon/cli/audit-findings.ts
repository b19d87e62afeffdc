import type { StatusView } from '../api/contract/index.ts'
import type { Finding } from './finding.ts'
import { safe } from './output.ts'

/** Own models whose trainings nobody has seen to agree: until then their data are paid nothing by them. */
export const auditFindings = ({ unaudited = [] }: StatusView): Finding[] =>
  unaudited.map(({ id, name, state, why }) => ({
    check: `model ${safe(name)}`,
    ok: false,
    required: false,
    found: `does not count in its Datanet's pool: ${why}`,
    help:
      state === 'refused' || state === 'other'
        ? 'Tune again; what it brings is divided without it.'
        : state === 'unopened'
          ? 'The daemon opens it by itself once the account has the bond and what auditors are paid.'
          : `Wait; \`tilth audit model ${id}\` shows how far it is. Scorers with stake take seats by themselves.`
  }))
