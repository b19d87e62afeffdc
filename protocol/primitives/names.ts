import { InvalidError } from './errors.ts'
import type { Address } from './hex.ts'
import { isIdAlone } from './id-text.ts'

// Names of Datanets and models are chosen by anybody and trusted by everybody who types them: what a person would take
// for another's name is refused where a name is made. Pure, so that every front end says the same.

/** Letters of other scripts that look like Latin ones, as people meet them (a part of Unicode TR 39's confusables). */
const confusables: Readonly<Record<string, string>> = {
  ...pairs('аa вb сc ԁd еe һh іi јj кk ӏl мm нh оo рp ԛq ѕs тt ԝw хx уy ѵv'),
  ...pairs('αa βb εe ηn ιi κk νv οo ρp τt υu χx γy ωw'),
  ...pairs('ıi ɡg ɑa ʟl 0o 1l |l'),
  ...pairs('ßb øo łl đd ħh ŧt ℮e'),
  // Small capitals; Armenian; Lisu and Cherokee, of which much looks like Latin capitals.
  ...pairs('ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz'),
  ...pairs('օo սu հh ոn ցg յj'),
  ...pairs('ꓮa ꓐb ꓚc ꓓd ꓰe ꓝf ꓖg ꓧh ꓲi ꓙj ꓗk ꓡl ꓟm ꓠn ꓳo ꓑp ꓣr ꓢs ꓔt ꓴu ꓦv ꓪw ꓫx ꓬy ꓜz'),
  ...pairs('Ꭺa Ᏼb Ꮯc Ꭰd Ꭼe Ꮐg Ꮋh Ꭵi Ꭻj Ꮶk Ꮮl Ꮇm Ꮲp Ꭱr Ꮪs Ꭲt Ꮩv Ꮃw Ꮍy Ꮓz')
}
function pairs(list: string): Record<string, string> {
  return Object.fromEntries(list.split(' ').map(pair => [pair.charAt(0).toLowerCase(), pair.charAt(1)]))
}

/** Scripts with letters that are taken for another's. */
const lookAlikes = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Coptic', 'Cherokee', 'Lisu'].map(
  script => new RegExp(`\\p{Script=${script}}`, 'u')
)

/**
 * What a name looks like: without case, accents, blanks, hyphens and invisible characters, every letter as the Latin
 * one it is taken for. Names with one skeleton are one name to a person.
 */
export function nameSkeleton(name: string): string {
  const folded = name
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\p{M}\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, '')
  const latin = Array.from(folded, letter => confusables[letter] ?? letter).join('')
  const joined = latin
    .replace(/[\p{P}\p{Z}\p{S}]/gu, '')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
  // A small L and an I are one stroke.
  return joined.replaceAll('i', 'l')
}

export interface TakenName {
  readonly name: string
  /** Whose it is. */
  readonly owner: Address
}

/** [reject] A name that can be read, typed and told from an id. @throws InvalidError `name.invalid` */
export function checkName(name: string): void {
  const wrong = (what: string): InvalidError =>
    new InvalidError('name.invalid', `${JSON.stringify(name.slice(0, 80))} is no name: it ${what}`, {
      help: 'Take letters, digits and single hyphens, such as garden-birds.'
    })
  if (name.trim() !== name || name === '') throw wrong('is empty, or begins or ends with a blank')
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u.test(name))
    throw wrong('holds characters that nobody sees')
  if (/^0x[0-9a-f]*$/i.test(name) || isIdAlone(name)) throw wrong('looks like an id')
  // β-carotene is one, and a word in Latin letters but for its e is somebody else's.
  for (const word of name.match(/\p{L}+/gu) ?? [])
    if (lookAlikes.filter(script => script.test(word)).length > 1)
      throw wrong('mixes letters of scripts that look alike')
  if (nameSkeleton(name) === '') throw wrong('has neither letters nor digits')
}

/**
 * [reject] A new name looks like none that is there. What its own owner has is taken too, unless it is to the letter
 * the same and `again` allows that.
 * @throws InvalidError `name.invalid`, `name.taken`
 */
export function checkNewName(
  what: string,
  { name, owner }: TakenName,
  taken: Iterable<TakenName>,
  { again = false }: { readonly again?: boolean } = {}
): void {
  checkName(name)
  const skeleton = nameSkeleton(name)
  for (const other of taken) {
    if (nameSkeleton(other.name) !== skeleton || (again && other.owner === owner && other.name === name)) continue
    const own = other.owner === owner
    const whose = own ? 'this account' : other.owner
    const message =
      other.name === name
        ? `there is a ${what} ${name} already, by ${whose}`
        : `${name} would be taken for the ${what} ${other.name}, by ${whose}`
    throw new InvalidError('name.taken', message, {
      help: own && again ? `Say ${other.name}, to the letter, or choose another name.` : 'Choose another name.'
    })
  }
}

/** What errors of this file are called. */
export type NameErrorCode = 'name.invalid' | 'name.taken'
declare module './errors.ts' {
  interface ErrorCodesByModule {
    'protocol/primitives/names': NameErrorCode
  }
}
