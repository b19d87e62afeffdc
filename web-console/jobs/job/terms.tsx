import type { DatanetView, ModelView } from '../../../daemon/api/contract/views.ts'
import { licenceText, licenceWarnings } from '../../../protocol/primitives/licences.ts'
import { Notice } from '../../parts/index.ts'

/** The Datanet's, where it is one that a registration takes. */
export const usualLicence = ({ licence }: DatanetView): string =>
  licenceText.safeParse(licence).success ? licence : ''

interface TermsProps {
  readonly licence: string
  readonly datanet: DatanetView
  readonly base: ModelView | undefined
}

/** What its data and its base stand under, and what of it is plainly at odds with the model's own licence. */
export function Terms({ licence, datanet, base }: TermsProps) {
  const warnings = licenceWarnings(licence, [
    { name: `The data of ${datanet.name}`, licence: datanet.licence },
    { name: `The base model ${base?.name ?? ''}`.trim(), licence: base?.licence ?? null }
  ])
  const stands = base?.licence === undefined ? '' : `, its base under ${base.licence}`
  return (
    <Notice title={`Its data stands under ${datanet.licence}${stands}.`}>
      {warnings.map(warning => (
        <p key={warning}>{warning}</p>
      ))}
      {warnings.length > 0 ? null : (
        <p>Nothing of that is plainly at odds with what you say here; only a person can read what a licence asks.</p>
      )}
      {base === undefined ? (
        <p>Nobody has registered its base here, so no part of the fees can go to whoever made it.</p>
      ) : null}
    </Notice>
  )
}
