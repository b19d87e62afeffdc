import parse from 'spdx-expression-parse'
import { InvalidError } from '../primitives/errors.ts'

/**
 * [reject] A new Datanet's licence is an SPDX expression: an identifier of the list, several joined by AND and OR, or
 * one of its own by `LicenseRef-…`. Asked where a Datanet is made; what others called theirs is shown as it is.
 * @throws InvalidError `rules.licence`
 */
export function checkLicence(text: string): void {
  try {
    parse(text)
  } catch (cause) {
    const near = usual.find(id => letters(id) === letters(text))
    throw new InvalidError('rules.licence', `${text.slice(0, 80)} is no licence of the SPDX list`, {
      cause,
      help: near === undefined ? 'For example CC0-1.0 or CC-BY-4.0; see https://spdx.org/licenses.' : `Write ${near}.`
    })
  }
}

/** What data is mostly given under, as it is written there. */
const usual = [
  'CC0-1.0',
  'CC-BY-4.0',
  'CC-BY-SA-4.0',
  'CC-BY-NC-4.0',
  'CC-BY-NC-SA-4.0',
  'ODbL-1.0',
  'ODC-By-1.0',
  'PDDL-1.0',
  'Apache-2.0',
  'MIT'
]
/** Without what people write otherwise: spaces, hyphens, small letters, a version's last zero. */
const letters = (id: string): string =>
  id
    .toLowerCase()
    .replace(/\.0\b/g, '')
    .replace(/[^a-z0-9]/g, '')
